using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Tensors;

/// <summary>Tests sections that open tapes do not record: suspended, or recomputed in the backward pass.</summary>
public sealed class TapeSectionTests
{
    [Fact]
    public void Suspended_work_is_a_constant_whose_memory_is_not_the_tapes()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Random(1, 6));
        Tensor constant, inner;
        long before = tape.Scope.RentedBytes();
        using (GradientTape.Suspend())
        {
            constant = x.Tanh();
            using var attack = new GradientTape();
            attack.Watch(x);
            inner = attack.Gradient((x * x).Sum(), x).Detach();
        }

        Assert.Equal(before, tape.Scope.RentedBytes());
        Assert.Equal(x.ToArray<float>().Select(v => 2 * v), inner.ToArray<float>());
        Tensor loss = (x * constant).Sum() + (x * inner).Sum();
        float[] expected = [.. constant.ToArray<float>().Zip(inner.ToArray<float>(), (a, b) => a + b)];
        Assert.Equal(expected, tape.Gradient(loss, x).ToArray<float>());
    }

    [Fact]
    public void Suspension_ends_in_the_reverse_order()
    {
        using var outer = new GradientTape();
        using IDisposable pause = GradientTape.Suspend();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        using (new GradientTape())
        {
            Assert.Contains("Suspend", Assert.Throws<InvalidOperationException>(pause.Dispose).Message);
        }

        pause.Dispose();
        pause.Dispose();                                   // a second call has no effect
        Tensor x = outer.Watch(Tensor.Ones([2]));
        Assert.Equal([2f, 2f], outer.Gradient((x * x).Sum(), x).ToArray<float>());
    }

    [Fact]
    public void Recording_goes_on_after_an_exception_in_suspended_or_recomputed_work()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Random(1, 4));
        Assert.Throws<ShapeMismatchException>(() =>
        {
            using (GradientTape.Suspend())
            {
                _ = x.MatMul(Random(2, 3, 3));
            }
        });
        Assert.Throws<ShapeMismatchException>(() => GradientTape.Recompute([x], inputs => inputs[0].Tanh().Reshape(5)));
        Assert.Equal(0, tape.Scope.RentedBytes());
        Assert.Contains(tape.Gradient(x.Tanh().Sum(), x).ToArray<float>(), v => v != 0);
    }

    /// <summary>
    /// Checks that values and gradients, for inputs and parameters and in both modes, have the same bytes with and
    /// without recomputation.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Recomputed_section_gives_the_same_values_and_gradients_from_less_memory(bool isTraining)
    {
        Network network = Network.Build(InputSpec.Image(2, 8, 8), x => x
                .Conv2d(4, kernel: 3, padding: 1).BatchNorm().Relu().Conv2d(4, kernel: 3, padding: 1).BatchNorm().Relu().Dropout(0.5f).Flatten().Linear(3))
            .Initialize(RandomStream.FromSeed(4));
        Tensor pictures = Random(5, 4, 2, 8, 8), labels = Tensor.From<long>([0, 2, 1, 0], [4]);
        Tensor[] sources = [pictures, .. network.Parameters.Select(parameter => parameter.Value)];
        (float[][] plain, long plainBytes) = Gradients(recompute: false);
        (float[][] again, long fewBytes) = Gradients(recompute: true);
        Assert.Equal(plain, again);
        Assert.True(fewBytes < plainBytes / 4, $"{fewBytes} of {plainBytes} bytes");

        (float[][] Gradients, long Bytes) Gradients(bool recompute)
        {
            using var tape = new GradientTape();
            Array.ForEach(sources, source => tape.Watch(source));
            Tensor scaled = pictures * 0.5f;
            Tensor output = recompute ? GradientTape.Recompute([scaled, .. sources[1..]], inputs => Forward(inputs[0])) : Forward(scaled);
            Tensor loss = output.CrossEntropy(labels);
            long bytes = tape.Scope.RentedBytes();
            GradientMap gradients = tape.Gradient(loss, sources);
            return ([output.ToArray<float>(), .. sources.Select(source => gradients[source].ToArray<float>())], bytes);
        }

        Tensor Forward(Tensor x) => network.Forward(x, isTraining ? Pass.Training(RandomStream.FromSeed(1)) : Pass.Evaluation);
    }

    [Fact]
    public void Recomputed_sections_nest_repeat_an_input_and_pass_one_on()
    {
        Tensor x = Random(1, 5), w = Random(2, 5);
        // Contributions within a section are summed before those of other operations, so rounding may differ.
        Assert.Equal(Slopes(recompute: false), Slopes(recompute: true), (a, b) => Math.Abs(a - b) <= 1e-6f * (1 + Math.Abs(a)));

        float[] Slopes(bool recompute)
        {
            using var tape = new GradientTape();
            tape.Watch(x);
            tape.Watch(w);
            Tensor product = Run([x, x, w], v => v[0] * Run([v[1], v[2]], u => (u[0] * u[1]).Tanh()));
            Tensor same = Run([x], v => v[0]);
            Tensor constant = Run([x], _ => w.Detach());
            Tensor loss = (product + same + constant).Sum();
            GradientMap gradients = tape.Gradient(loss, [x, w]);
            return [loss.ToScalar(), .. gradients[x].ToArray<float>(), .. gradients[w].ToArray<float>()];

            Tensor Run(Tensor[] inputs, Func<IReadOnlyList<Tensor>, Tensor> section) =>
                recompute ? GradientTape.Recompute(inputs, section) : section(inputs);
        }
    }

    [Fact]
    public void Section_that_uses_a_watched_tensor_without_naming_it_is_refused()
    {
        Network network = Network.Build(InputSpec.Image(1, 4, 4), x => x.Conv2d(2, kernel: 3).BatchNorm().Relu()).Initialize(RandomStream.FromSeed(1));
        using var tape = new GradientTape();
        Tensor x = Random(1, 1, 1, 4, 4), w = tape.Watch(Random(2, 1, 1, 4, 4)), depends = w.Tanh();
        foreach (Tensor followed in new[] { w, depends })
        {
            Assert.Contains(
                "not among its inputs", Assert.Throws<InvalidOperationException>(() => GradientTape.Recompute([x], v => v[0] * followed)).Message);
            Assert.Contains(
                "not among its inputs",
                Assert.Throws<InvalidOperationException>(() => GradientTape.Recompute([x], v => GradientTape.Recompute(v, u => u[0] + followed))).Message);
        }

        // A folded normalization reads its parameters without a recorded operation.
        tape.Watch(network.Parameters["bn1.weight"].Value);
        Assert.Throws<InvalidOperationException>(() => GradientTape.Recompute([x], v => network.Forward(v[0])));
        Assert.Equal(x.Count, GradientTape.Recompute([x], v => { using (GradientTape.Suspend()) { return v[0] * w; } }).Count);
    }

    [Fact]
    public void Section_that_gives_another_shape_the_second_time_is_refused()
    {
        int calls = 0;
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Random(1, 6));
        Tensor y = GradientTape.Recompute([x], v => ++calls == 1 ? v[0].Tanh() : v[0].Tanh().Reshape(2, 3));
        Assert.Contains("different shape", Assert.Throws<InvalidOperationException>(() => tape.Gradient(y.Sum(), x)).Message);
        Assert.Contains(tape.Gradient(x.Exp().Sum(), x).ToArray<float>(), v => v != 0);
    }

    [Fact]
    public void Batch_statistics_of_a_recomputed_section_are_reported_once()
    {
        Network network = Network.Build(InputSpec.Image(1, 4, 4), x => x.Conv2d(2, kernel: 3).BatchNorm().Relu()).Initialize(RandomStream.FromSeed(1));
        var mode = Pass.Training(RandomStream.FromSeed(2));
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Random(1, 3, 1, 4, 4));
        Tensor y = GradientTape.Recompute([x], v => network.Forward(v[0], mode));
        _ = tape.Gradient(y.Sum(), x);
        Assert.Single(mode.Statistics);
    }

    private static Tensor Random(ulong seed, params int[] lengths)
    {
        Shape shape = Shape.Create(lengths);
        return Tensor.From(Samples.Gaussian(shape.Count, seed), shape);
    }
}
