using Temper.Tensors;

namespace Temper.Tests.Tensors.Operations;

/// <summary>Gradient of a power with a tensor of exponents, at its special points.</summary>
public sealed class PowerGradientTests
{
    /// <summary>x to the power of 0 is 1 everywhere, so its derivative is 0, also where x = 0.</summary>
    [Fact]
    public void Derivative_by_the_base_is_zero_where_the_exponent_is_zero()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Tensor.From<float>([0, 0, 0, 2, -3], [5]));
        Tensor z = x.Pow(Tensor.From<float>([0, 1, 2, 0, 2], [5]));
        Assert.Equal([1, 0, 0, 1, 9], z.ToArray<float>());
        Assert.Equal([0, 1, 0, 0, -6], tape.Gradient(z, Tensor.Ones([5]), x).ToArray<float>());
    }
}
