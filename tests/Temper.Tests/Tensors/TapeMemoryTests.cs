using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Tensors.Memory;
using Temper.Testing;
using Temper.Testing.References;
using Temper.Tests.Tensors.Operations;

namespace Temper.Tests.Tensors;

/// <summary>A tape keeps only the tensors of its recorded operations alive.</summary>
public sealed class TapeMemoryTests
{
    public static TheoryData<int, string> Rows => OperationContractTests.Rows;

    [Fact]
    public void Teacher_under_an_open_tape_keeps_nothing()
    {
        Network teacher = Network.Build(InputSpec.Image(2, 8, 8), x => x.Conv2d(8, kernel: 3).BatchNorm().Relu().MaxPool2d(2).Flatten().Linear(3))
            .Initialize(RandomStream.FromSeed(4));
        Tensor pictures = Random(5, 4, 2, 8, 8);
        float[] alone = teacher.Forward(pictures).ToArray<float>();
        using var tape = new GradientTape();
        tape.Watch(Random(1, 3));
        Assert.Equal(alone, teacher.Forward(pictures).ToArray<float>());
        _ = teacher.Forward(pictures, Pass.Training(RandomStream.FromSeed(1)));
        Assert.Equal(0, tape.Scope.RentedBytes());
    }

    /// <summary>
    /// The head's input comes from unrecorded operations, through a view, and must stay alive until the gradient is
    /// computed.
    /// </summary>
    [Fact]
    public void Trained_head_on_a_frozen_backbone_keeps_its_input_alone()
    {
        Network network = Network.Build(InputSpec.Image(2, 8, 8), x => x
                .Conv2d(8, kernel: 3, padding: 1).Relu().Conv2d(8, kernel: 3, padding: 1).Relu().Flatten().Linear(3).Tanh().Linear(2))
            .Initialize(RandomStream.FromSeed(4));
        Tensor pictures = Random(5, 4, 2, 8, 8), cotangent = Random(6, 4, 2);
        Tensor weight = network.Parameters["fc1.weight"].Value, last = network.Parameters["fc2.weight"].Value;
        using var tape = new GradientTape();
        tape.Watch(weight);
        tape.Watch(last);
        Tensor y = network.Forward(pictures);
        int features = 4 * 8 * 8 * 8, hidden = 4 * 3;
        Assert.InRange(tape.Scope.RentedBytes(), 4 * features, 4 * (features + (3 * hidden) + 100));
        Fill();                                            // reuses and overwrites the released memory
        GradientMap gradients = tape.Gradient([(y, cotangent)], [weight, last]);
        CheckSlopes(network, weight, pictures, cotangent, gradients[weight].ToArray<float>());
        CheckSlopes(network, last, pictures, cotangent, gradients[last].ToArray<float>());
    }

    /// <summary>
    /// For every operation, the other inputs, indices and masks belong to a scope that closes before the gradient is
    /// requested.
    /// </summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void Operation_keeps_what_its_gradient_needs(int place, string name)
    {
        OperationRow row = OperationTable.Rows[place];
        Grid[] grids = [.. row.Inputs.Select((input, i) => input.Values(i, emptyBatch: false))];
        Shape result = Shape.Create(row.Reference(grids).Lengths);
        Tensor cotangent = Tensor.From(Samples.Gaussian(result.Count, 9), result);
        for (int source = 0; source < grids.Length; source++)
        {
            if (!row.Inputs[source].IsConstant)
            {
                Assert.True(Gradient(source, isLent: false).AsSpan().SequenceEqual(Gradient(source, isLent: true)), $"{name}: input {source}");
            }
        }

        float[] Gradient(int source, bool isLent)
        {
            using var tape = new GradientTape();
            Tensor watched = tape.Watch(TensorOf(grids[source])), y;
            MemoryScope scope = MemoryScope.Open();
            using (MemoryScope.Enter(isLent ? scope : null, backward: isLent))
            {
                Tensor[] inputs = [.. grids.Select((grid, i) => i == source ? watched : TensorOf(grid).Copy())];
                y = row.Apply(inputs);
            }

            scope.Dispose();
            Fill();
            return tape.Gradient(y, cotangent, watched).ToArray<float>();
        }

        static Tensor TensorOf(Grid x) => Tensor.From([.. x.Values.Select(v => (float)v)], Shape.Create(x.Lengths));
    }

    [Fact]
    public void What_an_outer_tape_records_outlives_the_inner_tape_that_made_it()
    {
        using var outer = new GradientTape();
        Tensor w = outer.Watch(Random(1, 4)), x = Random(2, 4), y;
        using (var inner = new GradientTape())
        {
            inner.Watch(x);
            y = x.Exp() * w;                               // the inner tape owns the exponential until the outer tape needs it
        }

        Fill();
        Assert.Equal(x.ToArray<float>().Select(v => MathF.Exp(v)), outer.Gradient(y.Sum(), w).ToArray<float>().Select(v => v), Close);
    }

    [Fact]
    public void Row_major_copy_that_a_recorded_view_shares_is_kept()
    {
        using var tape = new GradientTape();
        Tensor w = tape.Watch(Random(1, 1, 3, 1, 1)), y;
        MemoryScope scope = MemoryScope.Open();
        using (MemoryScope.Enter(scope))
        {
            Tensor picture = Random(2, 2, 3, 4, 4).InLayout(Layout.ChannelsLast);
            _ = picture.AsSpan<float>();                   // creates the copy in the scope's memory
            y = picture.Flatten(0).Reshape(2, 3, 4, 4) * w;
        }

        scope.Dispose();
        Fill();
        float[] expected = [.. Enumerable.Range(0, 3).Select(c => Enumerable.Range(0, 2).Sum(n => Samples.Gaussian(96, 2).AsSpan((n * 48) + (c * 16), 16).ToArray().Sum()))];
        Assert.Equal(expected, tape.Gradient(y.Sum(), w).ToArray<float>(), Close);
    }

    [Fact]
    public void Pass_that_fails_gives_back_what_it_did_not_record()
    {
        Network network = Network.Build(InputSpec.Image(1, 4, 4), x => x.Conv2d(2, kernel: 3).Relu().Flatten().Linear(2)).Initialize(RandomStream.FromSeed(1));
        Network broken = network.Copy();
        broken.ParameterValues[^2] = Tensor.Ones([2, 3]);  // wrong shape
        using var tape = new GradientTape();
        tape.Watch(Random(1, 2));
        Assert.Throws<ShapeMismatchException>(() => broken.Forward(Random(2, 3, 1, 4, 4)));
        Assert.Equal(0, tape.Scope.RentedBytes());
        Assert.Null(MemoryScope.Current);
    }

    private static bool Close(float a, float b) => Math.Abs(a - b) <= 1e-5f * (1 + Math.Abs(a));

    private static void CheckSlopes(Network network, Tensor parameter, Tensor x, Tensor cotangent, float[] found)
    {
        const float Step = 1e-2f;
        for (int i = 0; i < found.Length; i += Math.Max(1, found.Length / 16))
        {
            float held = parameter.Writable()[i];
            double above = Product(held + Step), below = Product(held - Step);
            Product(held);
            double slope = (above - below) / (2 * Step);
            Assert.True(Math.Abs(slope - found[i]) <= 5e-3 * (1 + Math.Abs(slope)), $"[{i}]: {found[i]}, expected {slope}");

            double Product(float value)
            {
                parameter.Writable()[i] = value;
                using (GradientTape.Suspend())
                {
                    return network.Forward(x).ToArray<float>().Zip(cotangent.ToArray<float>(), (a, b) => (double)a * b).Sum();
                }
            }
        }
    }

    /// <summary>
    /// Rents arrays of many sizes and fills them with NaN, so that use of memory released too early is detected.
    /// </summary>
    private static void Fill()
    {
        using MemoryScope scope = MemoryScope.Open();
        using (MemoryScope.Enter(scope))
        {
            for (int count = 512; count < 1 << 16; count += count / 8)
            {
                for (int i = 0; i < 8; i++)
                {
                    Tensor.Allocate([count]).Writable().Fill(float.NaN);
                }
            }
        }
    }

    private static Tensor Random(ulong seed, params int[] lengths)
    {
        Shape shape = Shape.Create(lengths);
        return Tensor.From(Samples.Gaussian(shape.Count, seed), shape).Copy();
    }
}
