using Temper.Tensors;

namespace Temper.Tests.Tensors;

public sealed class GradientTapeTests
{
    private static readonly float[] Values = [-2f, -0.5f, 0f, 1.5f];

    [Fact]
    public void Gradient_of_tanh_matches_closed_form()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Tensor.From(Values, [4]));
        Tensor y = x.Tanh();
        float[] dx = tape.Gradient(y, Tensor.Ones([4]), x).ToArray<float>();
        for (int i = 0; i < Values.Length; i++)
        {
            Assert.Equal(1 - Math.Pow(Math.Tanh(Values[i]), 2), dx[i], 5);
        }
    }

    [Fact]
    public void Tensor_of_a_closed_tape_throws()
    {
        Tensor y;
        Tensor kept;
        using (var tape = new GradientTape())
        {
            y = tape.Watch(Tensor.From(Values, [4])).Tanh();
            kept = y.Detach();
        }

        Assert.Throws<ObjectDisposedException>(() => y.ToArray<float>());
        Assert.Throws<ObjectDisposedException>(() => y.Tanh());
        Assert.Equal(MathF.Tanh(1.5f), kept.ToArray<float>()[3], 5);
    }

    [Fact]
    public void Gradient_used_in_an_operation_of_its_tape_throws()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Tensor.From(Values, [4]));
        Tensor dx = tape.Gradient(x.Tanh(), Tensor.Ones([4]), x);
        Assert.Throws<InvalidOperationException>(() => dx.Tanh());
        Assert.Equal(Shape.Create(4), dx.Detach().Tanh().Shape);
    }

    [Fact]
    public void Gradient_with_respect_to_an_intermediate_is_kept()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Tensor.From(Values, [4]));
        Tensor middle = tape.Watch(x.Tanh());
        GradientMap map = tape.Gradient([(middle.Tanh(), Tensor.Ones([4]))], [x, middle]);
        double m = Math.Tanh(1.5);
        Assert.Equal(1 - Math.Pow(Math.Tanh(m), 2), map[middle].ToArray<float>()[3], 5);
        Assert.Equal((1 - Math.Pow(Math.Tanh(m), 2)) * (1 - (m * m)), map[x].ToArray<float>()[3], 5);
    }

    [Fact]
    public void Nested_tapes_each_give_their_own_gradient()
    {
        using var outer = new GradientTape();
        Tensor x = outer.Watch(Tensor.From(Values, [4]));
        Tensor y;
        using (var inner = new GradientTape())
        {
            inner.Watch(x);
            y = x.Tanh();
            Tensor g = inner.Gradient(y, Tensor.Ones([4]), x);
            Assert.Throws<InvalidOperationException>(() => g.Tanh());
        }

        Assert.Equal(1 - Math.Pow(Math.Tanh(1.5), 2), outer.Gradient(y, Tensor.Ones([4]), x).ToArray<float>()[3], 5);
    }

    [Fact]
    public void Value_written_after_recording_is_noticed()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Tensor.From(Values, [4]));
        Tensor y = x.Tanh();
        x.Writable()[0] = 7;
        x.Storage.MarkWritten();
        Assert.Throws<InvalidOperationException>(() => tape.Gradient(y, Tensor.Ones([4]), x));
    }

    [Fact]
    public void Unwatched_source_and_independent_output_throw()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Tensor.From(Values, [4]));
        Tensor other = Tensor.From(Values, [4]);
        Assert.Throws<InvalidOperationException>(() => tape.Gradient(x.Tanh(), Tensor.Ones([4]), other));
        Assert.Throws<InvalidOperationException>(() => tape.Gradient(other.Tanh(), Tensor.Ones([4]), x));
        Assert.Throws<ShapeMismatchException>(() => tape.Gradient(x.Tanh(), x));
    }
}
