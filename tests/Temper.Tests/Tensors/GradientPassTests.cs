using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Tensors;

/// <summary>
/// Tests backward passes over several operations: multiple outputs, inputs and parameters, and memory with other
/// owners.
/// </summary>
public sealed class GradientPassTests
{
    [Fact]
    public void Gradients_of_several_outputs_are_the_sum_of_those_of_each()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Random(1, 3, 4));
        Tensor first = x.Tanh(), second = first.MatMul(Random(2, 4, 2)), third = x.Sum();
        (Tensor Output, Tensor Cotangent)[] outputs = [(first, Random(3, 3, 4)), (second, Random(4, 3, 2)), (third, Tensor.Scalar(0.5f))];
        float[] together = tape.Gradient(outputs, [x])[x].ToArray<float>();
        float[][] alone = [.. outputs.Select(pair => tape.Gradient([pair], [x])[x].ToArray<float>())];
        for (int i = 0; i < together.Length; i++)
        {
            Assert.Equal(alone.Sum(gradient => gradient[i]), together[i], 1e-5f);
        }
    }

    [Fact]
    public void Gradients_to_inputs_and_parameters_are_the_same_together_and_alone()
    {
        Network network = Network.Build(InputSpec.Image(2, 6, 6), x => x.Conv2d(4, kernel: 3).BatchNorm().Relu().MaxPool2d(2).Flatten().Linear(3))
            .Initialize(RandomStream.FromSeed(4));
        Tensor pictures = Random(5, 4, 2, 6, 6), labels = Tensor.From<long>([0, 2, 1, 0], [4]);
        Tensor[] sources = [pictures, .. network.Parameters.Select(parameter => parameter.Value)];
        float[][] together = Gradients(sources);
        Assert.Equal(7, sources.Length);
        for (int i = 0; i < sources.Length; i++)
        {
            Assert.Contains(together[i], value => value != 0);
            Assert.Equal(together[i], Gradients([sources[i]])[0]);
        }

        float[][] Gradients(Tensor[] watched)
        {
            using var tape = new GradientTape();
            Array.ForEach(watched, source => tape.Watch(source));
            Tensor loss = network.Forward(pictures, Pass.Training(RandomStream.FromSeed(1))).CrossEntropy(labels);
            GradientMap gradients = tape.Gradient(loss, watched);
            return [.. watched.Select(source => gradients[source].ToArray<float>())];
        }
    }

    /// <summary>
    /// Covers a source that several operations use, one of which reads its gradient in the other memory layout.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradient_that_is_added_to_in_place_changes_nobody_elses(bool secondUseComesLater)
    {
        Tensor p = Random(1, 72), q = Random(2, 72), weight = Random(3, 2, 3, 3, 3);
        float[] dq = Slope(q), dp = Slope(p);
        using var tape = new GradientTape();
        tape.Watch(p);
        tape.Watch(q);
        Tensor y = Value();
        GradientMap gradients = tape.Gradient([(y, Tensor.Ones(y.Shape))], [p, q]);
        Assert.Equal(dp, gradients[p].ToArray<float>());
        Assert.Equal(dq, gradients[q].ToArray<float>());

        // Both operands of the sum receive the same gradient tensor, and each makes its own row-major copy of it.
        Tensor Value()
        {
            Tensor a = q.Reshape(2, 3, 3, 4);
            Tensor middle = secondUseComesLater ? a : p.Reshape(2, 3, 3, 4);
            Tensor exp = p.Exp() + q.Tanh();
            Tensor b = secondUseComesLater ? p.Reshape(2, 3, 3, 4) : a;
            return (middle + b).Conv2d(weight).Sum() + exp.Sum();
        }

        float[] Slope(Tensor source)
        {
            using var alone = new GradientTape();
            alone.Watch(source);
            Tensor value = Value();
            return alone.Gradient(value, source).ToArray<float>();
        }
    }

    [Fact]
    public void Cotangent_that_is_passed_on_unchanged_stays_a_constant()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Random(1, 3)), cotangent = Random(2, 3);
        Tensor y = x + Random(3, 3);
        Tensor dx = tape.Gradient(y, cotangent, x);
        Assert.Equal(cotangent.ToArray<float>(), dx.ToArray<float>());
        Assert.Throws<InvalidOperationException>(() => dx.Tanh());
        Assert.Equal(3, (y * cotangent).Count);
    }

    [Fact]
    public void Nothing_of_a_closed_tape_can_be_used_again()
    {
        Tensor y, gradient;
        GradientTape tape;
        Tensor picture = Random(1, 2, 3, 4, 4);
        using (tape = new GradientTape())
        {
            tape.Watch(picture);
            y = picture.Conv2d(Random(2, 3, 3, 1, 1));
            _ = y.ToArray<float>();                        // creates a row-major copy, which must not outlive the tape
            gradient = tape.Gradient(y, Tensor.Ones(y.Shape), picture);
        }

        Assert.Throws<ObjectDisposedException>(() => y.ToArray<float>());
        Assert.Throws<ObjectDisposedException>(() => y.Detach());
        Assert.Throws<ObjectDisposedException>(() => y.Relu());
        Assert.Throws<ObjectDisposedException>(() => y.Reshape(-1));
        Assert.Throws<ObjectDisposedException>(() => gradient.ToArray<float>());
        Assert.Throws<ObjectDisposedException>(() => tape.Watch(picture));
        Assert.Throws<ObjectDisposedException>(() => tape.Gradient(y, picture));
        Assert.Contains("Detach", Assert.Throws<ObjectDisposedException>(() => y.Sum()).Message);
    }

    /// <summary>
    /// A tensor created outside a tape must not keep the copy in another memory layout that the tape makes of it.
    /// </summary>
    [Fact]
    public void Tensor_from_outside_a_tape_keeps_its_numbers_when_the_tape_closes()
    {
        Tensor picture = Random(1, 2, 3, 4, 4).InLayout(Layout.ChannelsLast), weight = Random(2, 96);
        float[] expected = picture.Detach().ToArray<float>();
        ReadOnlySpan<float> read;
        using (var tape = new GradientTape())
        {
            tape.Watch(picture);
            tape.Watch(weight);
            _ = (picture.Reshape(96) * weight).Sum();
            read = picture.AsSpan<float>();
        }

        using (var next = new GradientTape())
        {
            next.Watch(weight);
            _ = weight.Exp();                              // reuses the released memory
            Assert.Equal(expected, read.ToArray());
        }
    }

    [Fact]
    public void Convolution_with_a_computed_weight_reads_it_in_the_right_order()
    {
        Tensor x = Random(1, 1, 2, 5, 5), weight = Random(2, 3, 2, 3, 3);
        Tensor sameOtherwise = weight.InLayout(Layout.ChannelsLast);
        Assert.Equal(x.Conv2d(weight).ToArray<float>(), x.Conv2d(sameOtherwise).ToArray<float>());
    }

    [Fact]
    public void Parameter_written_in_place_after_recording_is_noticed()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Random(1, 2, 3, 4, 4)), weight = Random(2, 4, 3, 3, 3);
        Tensor y = x.Conv2d(weight);
        weight.Writable()[0] += 1;
        weight.Storage.MarkWritten();
        Assert.Contains("Conv2d", Assert.Throws<InvalidOperationException>(() => tape.Gradient(y, Tensor.Ones(y.Shape), x)).Message);
    }

    [Fact]
    public void Tape_refuses_other_threads_wrong_order_and_whole_numbers()
    {
        using var outer = new GradientTape();
        using var inner = new GradientTape();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        Assert.Throws<ArgumentException>(() => inner.Watch(Tensor.From<long>([1], [1])));
        Exception? error = null;
        var thread = new Thread(() => error = Record.Exception(() => inner.Watch(Tensor.Ones([1]))));
        thread.Start();
        thread.Join();
        Assert.IsType<InvalidOperationException>(error);
        Tensor x = inner.Watch(Tensor.Ones([2]));
        Assert.Throws<ShapeMismatchException>(() => inner.Gradient(x.Tanh(), Tensor.Ones([3]), x));
    }

    [Fact]
    public void Gradients_are_the_same_bytes_for_any_number_of_threads() => Tests.Kernels.Near.SameForAnyThreads(() =>
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Random(1, 8, 3, 16, 16)), weight = tape.Watch(Random(2, 16, 3, 3, 3));
        Tensor loss = x.Conv2d(weight).Relu().GlobalAvgPool2d().Flatten().LogSoftmax().Norm();
        GradientMap gradients = tape.Gradient(loss, [x, weight]);
        return [.. gradients[x].ToArray<float>(), .. gradients[weight].ToArray<float>()];
    });

    private static Tensor Random(ulong seed, params int[] lengths)
    {
        Shape shape = Shape.Create(lengths);
        return Tensor.From(Samples.Gaussian(shape.Count, seed), shape);
    }
}
