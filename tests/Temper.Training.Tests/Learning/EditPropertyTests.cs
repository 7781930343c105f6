using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Testing.Edits;

namespace Temper.Training.Tests.Learning;

/// <summary>
/// Applies every kind of edit at random places of random networks. Checks the outputs, that weights are drawn anew only
/// where the edit requires it, and that masks, flags, buffers, optimizer slots and averages follow. A new kind needs
/// one more row in <see cref="EditRows"/>.
/// </summary>
public sealed class EditPropertyTests
{
    private const float Tolerance = 1e-6f;

    private static readonly LearnerOptions Options = new()
    {
        Optimizer = new Sgd { LearningRate = 0.01f, Momentum = 0.9f }, Average = new WeightAverage { Decay = 0.9f, WarmUp = false },
    };

    public static TheoryData<string> Rows => [.. EditRows.All.Select(row => row.Name)];

    /// <summary>Number of networks for each kind of edit; larger with <c>./test --fuzz</c>.</summary>
    private static int Count => FuzzTests.Networks(usual: 50, fuzz: 500);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Edit_keeps_what_it_must(string name)
    {
        EditRow row = EditRows.All.Single(row => string.Equals(row.Name, name, StringComparison.Ordinal));
        int tried = 0;
        for (ulong seed = 1; seed <= (ulong)Count; seed++)
        {
            Network network = Prepared(seed);
            string place = $"{name}, seed {seed}";
            if (row.Make(network, RandomStream.FromSeed(seed).Split("edit").Cursor()) is { } edit && CheckNetwork(network, edit, seed, place) is { } after)
            {
                tried++;
                if (after.Parameters.Any(parameter => parameter.IsTrainable))
                {
                    CheckLearner(network, edit, seed, place);
                }
            }
        }

        Assert.True(tried >= Count / 4, $"{name}: only {tried} of {Count} networks have a place for it");
    }

    /// <summary>
    /// A random network with nontrivial statistics, a masked weight and a frozen parameter. Every third one names its
    /// parameters as files from elsewhere do.
    /// </summary>
    private static Network Prepared(ulong seed)
    {
        Network network = seed % 2 == 0 ? RandomNetworks.Make(seed) : RandomNetworks.WithConstants(seed, RandomBatch.Free);
        network = seed % 3 == 0 ? OutsideNames.Of(network) : network;
        network = network.WithBuffers(network.Buffers.Where(buffer => buffer.Value.DType == DType.Float32)
            .Select((buffer, i) => KeyValuePair.Create(buffer.Key, Samples.GaussianTensor(buffer.Value.Shape, seed + (ulong)i).Abs() + 0.5f)));
        RandomCursor random = RandomStream.FromSeed(seed).Split("masks").Cursor();
        // Only layer weights are masked: a constant may be a divisor.
        Parameter[] weights = [.. network.Parameters.Where(parameter => parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight)];
        Parameter masked = weights[random.NextInt32(weights.Length)];
        float[] mask = [.. Enumerable.Range(0, masked.Value.Count).Select(_ => (float)random.NextInt32(2))];
        string frozen = network.Parameters[random.NextInt32(network.Parameters.Count)].Name;
        return network.WithMask(masked.Name, Tensor.From(mask, masked.Value.Shape))
            .WithTrainable(isTrainable: network.Parameters.Count == 1, parameter => string.Equals(parameter.Name, frozen, StringComparison.Ordinal));
    }

    /// <returns>
    /// The network after the edit; null if the reference outputs are not finite, for example after a division, and
    /// cannot be compared.
    /// </returns>
    private static Network? CheckNetwork(Network before, EditCase edit, ulong seed, string place)
    {
        RandomStream stream = RandomStream.FromSeed(seed).Split("fresh");
        if (edit.Fresh.Count > 0)
        {
            string refused = Assert.Throws<ArgumentException>(() => edit.Apply(before, null)).Message;
            Assert.All(edit.Fresh, name => Assert.Contains(name, refused, StringComparison.Ordinal));
        }

        NetworkEdit edited = edit.Apply(before, edit.Fresh.Count > 0 ? stream : null);
        Network after = edited.Network;
        Tensor[] inputs = RandomNetworks.Inputs(before, 3, seed);
        IReadOnlyList<Tensor> expected = edit.Outputs?.Invoke(before, inputs, after) ?? ReferenceRun.Outputs(before, inputs);
        if (expected.Any(output => output.DType == DType.Float32 && !output.ToArray<float>().All(float.IsFinite)))
        {
            return null;
        }

        AssertClose(expected, ReferenceRun.Outputs(after, inputs), place);
        AssertClose(expected, after.Forward(inputs, Pass.Evaluation), place);

        foreach (Parameter parameter in after.Parameters)
        {
            if (edited.SourceOf(parameter.Name, before) is not { } source)
            {
                Assert.True(edit.Fresh.Contains(parameter.Name), $"{place}: '{parameter.Name}' is new");
                Assert.Equal(after.Initialize(stream).Parameters[parameter.Name].Value.ToArray<float>(), parameter.Value.ToArray<float>());
                continue;
            }

            float[] Moved(Tensor tensor) => edited.Moved(parameter.Name, tensor.ToArray<float>(), source.Value.Shape, parameter.Value.AsSpan<float>());
            Assert.Equal(Moved(source.Value), parameter.Value.ToArray<float>());
            Assert.Equal(source.Mask is null ? null : Moved(source.Mask), parameter.Mask?.ToArray<float>());
            Assert.Equal((source.IsTrainable, source.Role), (parameter.IsTrainable, parameter.Role));
        }

        foreach ((string name, Tensor value) in after.Buffers.Where(buffer => before.Buffers.ContainsKey(buffer.Key)))
        {
            if (edited.Moves.Any(move => string.Equals(move.To, name, StringComparison.Ordinal)))
            {
                Assert.Equal(edited.Moved(name, before.Buffers[name].ToArray<float>(), before.Buffers[name].Shape, []), value.ToArray<float>());
            }
            else
            {
                Assert.Same(before.Buffers[name], value);
            }
        }

        if (edit.KeepsAll)
        {
            Assert.Equal(before.Parameters.Count + edit.Fresh.Count, after.Parameters.Count);
            Assert.Equal(before.Buffers.Count, after.Buffers.Count);
        }

        return after;
    }

    private static void CheckLearner(Network network, EditCase edit, ulong seed, string place)
    {
        using var learner = new Learner(network, Options);
        Step(learner, seed);
        Network before = learner.Snapshot();
        Dictionary<string, (float[] Slot, float[] Average)> known = learner.Trained.All.ToDictionary(
            trained => trained.Parameter.Name, trained => (trained.State.Slots[0].Values.ToArray(), trained.Average!.ToArray()), StringComparer.Ordinal);
        NetworkEdit edited = null!;
        learner.Edit(net => edited = edit.Apply(net, edit.Fresh.Count > 0 ? RandomStream.FromSeed(seed).Split("fresh") : null));
        foreach (TrainedParameter trained in learner.Trained.All)
        {
            Parameter parameter = trained.Parameter;
            Parameter? source = edited.SourceOf(parameter.Name, before);
            float[] Moved(float[] values, float[] added) => edited.Moved(parameter.Name, values, source!.Value.Shape, added);
            float[] own = parameter.Value.ToArray<float>(), slot = trained.State.Slots[0].Values;
            Assert.Equal(source is null ? new float[own.Length] : Moved(known[source.Name].Slot, []), slot);
            Assert.Equal(source is null ? own : Moved(known[source.Name].Average, own), trained.Average!);
        }

        Step(learner, seed);
        foreach (Parameter parameter in learner.Network.Parameters.Where(parameter => parameter.Mask is not null))
        {
            bool[] isZero = [.. parameter.Mask!.ToArray<float>().Select(value => value == 0)];
            Assert.True(parameter.Value.ToArray<float>().Zip(isZero).All(pair => !pair.Second || pair.First == 0), $"{place}: a masked weight of '{parameter.Name}' is back");
        }
    }

    private static void Step(Learner learner, ulong seed)
    {
        Tensor[] inputs = RandomNetworks.Inputs(learner.Network, 4, seed);
        using Gradients gradients = learner.Gradients((net, pass) => net.Forward(inputs, pass).Where(output => output.DType == DType.Float32)
            .Select(output => (output * output).Mean()).Aggregate((sum, term) => sum + term));
        learner.Apply(gradients);
    }

    private static void AssertClose(IReadOnlyList<Tensor> expected, IReadOnlyList<Tensor> actual, string place)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((Tensor a, Tensor b) in expected.Zip(actual))
        {
            Assert.Equal((a.Shape, a.DType), (b.Shape, b.DType));
            float[] wanted = a.To(DType.Float32).ToArray<float>(), got = b.To(DType.Float32).ToArray<float>();
            float scale = wanted.Length == 0 ? 1 : MathF.Max(1, wanted.Max(MathF.Abs));
            for (int i = 0; i < wanted.Length; i++)
            {
                Assert.True(MathF.Abs(wanted[i] - got[i]) <= Tolerance * scale, $"{place}: element {i} is {got[i]} (expected {wanted[i]})");
            }
        }
    }
}
