using Temper.Networks;
using Temper.Optimization;
using Temper.Outside;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Learning;

public sealed class LearnerTests : IDisposable
{
    private static readonly Network Mlp = Network.Build(InputSpec.Features(5), x => x.Linear(8, name: "fc1").Relu("hidden").Linear(3, name: "fc2"))
        .Initialize(RandomStream.FromSeed(1));

    private readonly TemporaryFolder _folder = new();

    private static Tensor X { get; } = Tensor.From(Samples.Gaussian(60, 1), [12, 5]);

    private static Tensor Y { get; } = Tensor.From([.. Enumerable.Range(0, 12).Select(i => i % 3L)], [12]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ten_lines_from_outside_train_edit_and_save()
    {
        IReadOnlyList<float> losses = TenLines.Run(Mlp, X, Y, _folder["run"]);
        Assert.True(losses[10] < losses[0], $"{losses[0]} to {losses[10]}");
        Assert.True(losses[^1] < losses[11], $"{losses[11]} to {losses[^1]}");
        using Learner resumed = Learner.Load(_folder["run"], new LearnerOptions { Optimizer = new Sgd { LearningRate = 0.1f, Momentum = 0.9f } });
        Assert.Contains(resumed.Network.Nodes, node => string.Equals(node.Name, "wider.bend", StringComparison.Ordinal));
        Assert.Equal(20, resumed.Steps);
    }

    [Fact]
    public void A_policy_update_from_outside_makes_good_actions_likelier()
    {
        Network agent = Network.Build([InputSpec.Features(5)], x => [("policy", x[0].Linear(8).Tanh().Linear(3)), ("value", x[0].Linear(8).Tanh().Linear(1))])
            .Initialize(RandomStream.FromSeed(2));
        (_, float before, float after) = TenLines.Ppo(agent, X, Y, Tensor.Ones([12]));
        Assert.True(after > before + 0.01f, $"{before} to {after}");
    }

    /// <summary>The gradient is (3, 4) and 1 of the bias; the second weight is pruned, so the norm is that of 3 and 1.</summary>
    [Fact]
    public void Clipping_by_norm_does_not_count_masked_weights()
    {
        Network network = Network.Build(InputSpec.Features(2), x => x.Linear(1, name: "fc")).Initialize(RandomStream.FromSeed(3))
            .WithMask("fc.weight", Tensor.From([1f, 0], [1, 2]));
        using var learner = new Learner(network, new LearnerOptions { Optimizer = new Sgd { LearningRate = 1 }, Clipping = new GradientClipping { MaxNorm = 1 } });
        using (Gradients gradients = learner.Gradients((net, pass) => net.Forward(Tensor.From([3f, 4], [1, 2]), pass).Sum()))
        {
            learner.Apply(gradients);
        }

        float before = network.Parameters["fc.weight"].Value.AsSpan<float>()[0], after = learner.Network.Parameters["fc.weight"].Value.AsSpan<float>()[0];
        Assert.Equal(3 / Math.Sqrt(10), before - after, 1e-5);
    }

    [Fact]
    public void Adversarial_training_from_outside_hardens_a_network()
    {
        TrainingOptions options = SmallRun.Options with { Epochs = 3, Transforms = [] };
        var attack = new PgdTraining { Epsilon = 0.08f, Steps = 3 };
        Network plain = SmallRun.Fit(options).Last, hard = SmallRun.Fit(options with { Objective = attack }).Last;
        Data.Batch batch = new(SmallRun.Validation.Read(0, 60).Inputs, SmallRun.Validation.Read(0, 60).Labels, 0);
        double LossUnderAttack(Network network) =>
            network.Forward(attack.Prepare(network, batch, RandomStream.FromSeed(1)).Inputs).CrossEntropy(batch.Targets).ToScalar();
        Assert.True(LossUnderAttack(hard) < LossUnderAttack(plain), $"plain {LossUnderAttack(plain)}, hard {LossUnderAttack(hard)}");
    }

    private static readonly Dictionary<string, (string Parameter, Action<Learner> Call)> Nulls = new(StringComparer.Ordinal)
    {
        ["network"] = ("network", _ => new Learner(null!, new LearnerOptions()).Dispose()),
        ["options"] = ("options", _ => new Learner(Mlp, null!).Dispose()),
        ["optimizer"] = ("Optimizer", _ => new Learner(Mlp, new LearnerOptions { Optimizer = null! }).Dispose()),
        ["regularizers"] = ("Regularizers", _ => new Learner(Mlp, new LearnerOptions { Regularizers = [null!] }).Dispose()),
        ["Gradients"] = ("loss", learner => learner.Gradients(null!)),
        ["Gradients of a loss that returns null"] = ("loss", learner => learner.Gradients((_, _) => null!)),
        ["Apply"] = ("gradients", learner => learner.Apply(null!)),
        ["Edit"] = ("edit", learner => learner.Edit(null!)),
        ["Save: folder"] = ("folder", learner => learner.Save(null!, new Dictionary<string, string>(StringComparer.Ordinal))),
        ["Save: identity"] = ("identity", learner => learner.Save("never", null!)),
        ["Load: options"] = ("options", _ => Learner.Load("never", null!)),
    };

    public static TheoryData<string> NullNames => [.. Nulls.Keys];

    [Theory]
    [MemberData(nameof(NullNames))]
    public void Null_is_refused_by_name(string name)
    {
        using var learner = new Learner(Mlp, new LearnerOptions());
        Assert.Throws<ArgumentNullException>(Nulls[name].Parameter, () => Nulls[name].Call(learner));
    }

    private static readonly Dictionary<string, Action<Learner, string>> Members = new(StringComparer.Ordinal)
    {
        ["Network"] = (learner, _) => Assert.NotNull(learner.Network),
        ["Steps"] = (learner, _) => Assert.Equal(0, learner.Steps),
        ["Options"] = (learner, _) => Assert.NotNull(learner.Options),
        ["Snapshot"] = (learner, _) => learner.Snapshot(),
        ["AverageSnapshot"] = (learner, _) => learner.AverageSnapshot(),
        ["Gradients"] = (learner, _) => learner.Gradients(Loss).Dispose(),
        ["Edit"] = (learner, _) => learner.Edit(network => network),
        ["Save"] = (learner, folder) => learner.Save(folder, new Dictionary<string, string>(StringComparer.Ordinal)),
    };

    public static TheoryData<string> MemberNames => [.. Members.Keys];

    [Theory]
    [MemberData(nameof(MemberNames))]
    public void A_disposed_learner_refuses_all_use(string member)
    {
        var learner = new Learner(Mlp, new LearnerOptions { Average = new WeightAverage() });
        Members[member](learner, _folder["before"]);
        learner.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Members[member](learner, _folder["after"]));
        Assert.False(Directory.Exists(_folder["after"]));
    }

    [Fact]
    public void A_disposed_learner_applies_nothing()
    {
        var learner = new Learner(Mlp, new LearnerOptions());
        using Gradients gradients = learner.Gradients(Loss);
        learner.Dispose();
        Assert.Throws<ObjectDisposedException>(() => learner.Apply(gradients));
    }

    [Fact]
    public void Gradients_are_those_of_the_tape_and_outlive_it()
    {
        using var learner = new Learner(Mlp, new LearnerOptions());
        using Gradients first = learner.Gradients(Loss), second = learner.Gradients(Loss);
        foreach (Parameter parameter in Mlp.Parameters)
        {
            using var tape = new GradientTape();
            tape.Watch(parameter.Value);
            Assert.Equal(tape.Gradient(Mlp.Forward(X).CrossEntropy(Y), parameter.Value).ToArray<float>(), first[parameter.Name].ToArray());
        }

        float one = first["fc1.bias"][0];
        first.Add(second, 0.5f);
        first.Scale(2);
        Assert.Equal(3 * one, first["fc1.bias"][0], 1e-6f);
        Assert.Equal(3 * second.Loss, first.Loss, 1e-5f);
        first.Dispose();
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => first["fc1.bias"].Length);
        Assert.Equal(one, second["fc1.bias"][0]);
    }

    /// <summary>
    /// Two sources that receive the same gradient tensor must not share memory: writing to one would change the other.
    /// </summary>
    [Fact]
    public void Gradients_of_parameters_that_are_added_do_not_share_memory()
    {
        Network sum = Network.Build([InputSpec.Features(4)], x => [("y", x[0].Linear(3, name: "a") + x[0].Linear(3, name: "b"))]).Initialize(RandomStream.FromSeed(3));
        using var learner = new Learner(sum, new LearnerOptions());
        using Gradients gradients = learner.Gradients((network, pass) =>
            (network.Parameters["a.bias"].Value + network.Parameters["b.bias"].Value).Sum() + network.Forward(Tensor.Ones([2, 4]), pass).Sum());
        Assert.Equal(gradients["a.bias"].ToArray(), gradients["b.bias"].ToArray());
        gradients["a.bias"][0] = 77;
        Assert.NotEqual(77, gradients["b.bias"][0]);
    }

    [Fact]
    public void Ready_is_called_once_for_each_parameter_and_what_it_writes_counts()
    {
        using var learner = new Learner(Mlp, new LearnerOptions { Optimizer = new Sgd { LearningRate = 1 } });
        var order = new List<string>();
        float[] before = learner.Network.Parameters["fc2.bias"].Value.ToArray<float>();
        using Gradients gradients = learner.Gradients(Loss, new GradientRequest
        {
            Ready = (name, gradient) =>
            {
                order.Add(name);
                gradient.Fill(0.25f);
            },
        });
        Assert.Equal(Mlp.Parameters.Select(p => p.Name).Order(StringComparer.Ordinal), order.Order(StringComparer.Ordinal));
        Assert.True(order.IndexOf("fc2.weight") < order.IndexOf("fc1.weight"));
        learner.Apply(gradients);
        Assert.Equal(before.Select(w => w - 0.25f), learner.Network.Parameters["fc2.bias"].Value.ToArray<float>());
    }

    [Fact]
    public void Frozen_parameters_are_shared_and_snapshots_stay()
    {
        Network frozen = Mlp.WithTrainable(false, parameter => parameter.Name.StartsWith("fc1", StringComparison.Ordinal));
        using var learner = new Learner(frozen, new LearnerOptions());
        Network before = learner.Snapshot();
        byte[] bytes = SmallRun.BytesOf(before);
        using (Gradients gradients = learner.Gradients(Loss))
        {
            Assert.Equal(["fc2.weight", "fc2.bias"], gradients.Parameters);
            learner.Apply(gradients);
        }

        Assert.Same(frozen.Parameters["fc1.weight"].Value, learner.Network.Parameters["fc1.weight"].Value);
        Assert.Same(frozen.Parameters["fc1.weight"].Value, before.Parameters["fc1.weight"].Value);
        Assert.Equal(bytes, SmallRun.BytesOf(before));
        Assert.NotEqual(bytes, SmallRun.BytesOf(learner.Network));
        Assert.Equal(SmallRun.BytesOf(Mlp), SmallRun.BytesOf(frozen));
    }

    [Fact]
    public void Misuse_says_what_is_wrong()
    {
        using var learner = new Learner(Mlp, new LearnerOptions());
        using var other = new Learner(Mlp, new LearnerOptions());
        using Gradients gradients = learner.Gradients(Loss);
        Assert.Contains("another learner", Assert.Throws<ArgumentException>(() => other.Apply(gradients)).Message, StringComparison.Ordinal);
        Assert.Contains("scalar", Assert.Throws<ShapeMismatchException>(() => learner.Gradients((net, pass) => net.Forward(X, pass))).Message, StringComparison.Ordinal);
        Assert.Contains("'fc9'", Assert.Throws<KeyNotFoundException>(() => gradients["fc9"].Length).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Learner(Mlp.WithTrainable(false, _ => true), new LearnerOptions()));
        learner.Edit(net => net.Insert(new Relu(), "fc2", "last"));
        Assert.Contains("edit", Assert.Throws<ArgumentException>(() => learner.Apply(gradients)).Message, StringComparison.Ordinal);
    }

    /// <summary>The reference is the gradient of each sample alone.</summary>
    [Theory]
    [InlineData("mlp")]
    [InlineData("convolutions")]
    [InlineData("rows and norms")]
    public void Sample_norms_are_those_of_the_samples_alone(string kind)
    {
        Network network = (kind switch
        {
            "mlp" => Mlp,
            "convolutions" => Network.Build(InputSpec.Image(2, 6, 6), x => x.Conv2d(4, kernel: 3, padding: 1).BatchNorm().Relu().MaxPool2d(2).Conv2d(3, kernel: 3, stride: 2).Flatten().Linear(3)),
            _ => Network.Build(InputSpec.Features(4, 5), x => x.Linear(6).Relu().Apply(new LayerNorm()).Flatten().Linear(3)),
        }).Initialize(RandomStream.FromSeed(5));
        Shape sample = network.Inputs[0].SampleShape;
        Tensor x = Tensor.From(Samples.Gaussian(6 * sample.Count, 2), Shape.Create([6, .. sample.AsSpan()])), y = Y.Slice(0, 0, 6);
        using var learner = new Learner(network, new LearnerOptions());
        Tensor LossOf(Network net, Tensor inputs, Tensor labels) =>
            net.Forward(inputs, Pass.Evaluation).CrossEntropy(labels, new CrossEntropyOptions { Reduction = LossReduction.None });

        float[] found = [];
        using Gradients weighted = learner.Gradients((net, _) => LossOf(net, x, y), new GradientRequest
        {
            SampleWeights = (norms, weights) =>
            {
                found = norms.ToArray();
                for (int i = 0; i < weights.Length; i++)
                {
                    weights[i] = i + 1;
                }
            },
        });
        double[] sum = new double[weighted[weighted.Parameters[0]].Length];
        for (int i = 0; i < 6; i++)
        {
            using Gradients alone = learner.Gradients((net, _) => LossOf(net, x.Slice(0, i, i + 1), y.Slice(0, i, i + 1)).Sum());
            double squares = alone.Parameters.Sum(name => alone[name].ToArray().Sum(g => (double)g * g));
            Assert.Equal(Math.Sqrt(squares), found[i], 1e-4 * Math.Sqrt(squares));
            foreach ((int k, float g) in alone[alone.Parameters[0]].ToArray().Index())
            {
                sum[k] += (i + 1) * (double)g;
            }
        }

        Assert.All(sum.Zip(weighted[weighted.Parameters[0]].ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    /// <summary>Whoever keeps a network, such as a compiled one, must be able to tell that its values change.</summary>
    [Fact]
    public void Parameters_in_training_are_marked_and_those_of_others_are_not()
    {
        using var learner = new Learner(Mlp, new LearnerOptions());
        Assert.All(learner.Network.Parameters, parameter => Assert.True(parameter.Value.Storage.Version > 0));
        Assert.All(learner.Snapshot().Parameters.Concat(Mlp.Parameters), parameter => Assert.Equal(0, parameter.Value.Storage.Version));
    }

    /// <summary>
    /// Also applies where the normalization's own parameters are frozen, because the layers before it still receive
    /// mixed gradients.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sample_norms_of_mixed_samples_are_refused(bool trainsNorm)
    {
        Network network = Network.Build(InputSpec.Features(5), x => x.Linear(4).BatchNorm("bn").Linear(3)).Initialize(RandomStream.FromSeed(1))
            .WithTrainable(trainsNorm, parameter => parameter.Name.StartsWith("bn", StringComparison.Ordinal));
        using var learner = new Learner(network, new LearnerOptions());
        var request = new GradientRequest { SampleWeights = (_, weights) => weights.Fill(1) };
        var error = Assert.Throws<InvalidOperationException>(() => learner.Gradients(
            (net, pass) => net.Forward(X, pass).CrossEntropy(Y, new CrossEntropyOptions { Reduction = LossReduction.None }), request));
        Assert.Contains("BatchNorm mixes the samples", error.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeMismatchException>(() => learner.Gradients(Loss, request));
    }

    /// <summary>The tape does not see the operations of a recomputed section.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sample_norms_of_samples_mixed_in_a_recomputed_section_are_refused(bool isNested)
    {
        Network network = Network.Build(InputSpec.Features(5), x => x.Linear(4).BatchNorm("bn").Linear(3)).Initialize(RandomStream.FromSeed(1));
        using var learner = new Learner(network, new LearnerOptions());
        var request = new GradientRequest { SampleWeights = (_, weights) => weights.Fill(1) };
        Tensor Logits(Network net, Pass pass, bool nests)
        {
            Tensor[] inputs = [X, .. net.Parameters.Select(parameter => parameter.Value)];
            return GradientTape.Recompute(inputs, v => nests ? Logits(net, pass, nests: false) : net.Forward(v[0], pass));
        }

        var error = Assert.Throws<InvalidOperationException>(() => learner.Gradients(
            (net, pass) => Logits(net, pass, isNested).CrossEntropy(Y, new CrossEntropyOptions { Reduction = LossReduction.None }), request));
        Assert.Contains("Recompute mixes the samples", error.Message, StringComparison.Ordinal);

        // Running statistics do not mix samples.
        learner.Gradients(
            (net, _) => Logits(net, Pass.Evaluation, isNested).CrossEntropy(Y, new CrossEntropyOptions { Reduction = LossReduction.None }), request).Dispose();
    }

    /// <summary>Poisson sampling of private training draws empty batches.</summary>
    [Fact]
    public void Sample_weights_of_an_empty_batch_give_zero_gradients()
    {
        using var learner = new Learner(Network.Build(InputSpec.Features(5), x => x.Linear(4).Relu().Linear(3)).Initialize(RandomStream.FromSeed(1)), new LearnerOptions());
        using Gradients none = learner.Gradients(
            (net, _) => net.Forward(X.Slice(0, 0, 0), Pass.Evaluation).CrossEntropy(Y.Slice(0, 0, 0), new CrossEntropyOptions { Reduction = LossReduction.None }),
            new GradientRequest { SampleWeights = (_, weights) => weights.Fill(1) });
        Assert.All(none.Parameters, name => Assert.All(none[name].ToArray(), g => Assert.Equal(0, g)));
    }

    private static Tensor Loss(Network network, Pass pass) => network.Forward(X, pass).CrossEntropy(Y);
}
