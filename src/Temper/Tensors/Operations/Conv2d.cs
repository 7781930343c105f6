using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Computes a 2-D convolution (cross-correlation, as in PyTorch and ONNX).</summary>
    /// <param name="weight">Weights <c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="bias">Bias <c>[O]</c>; null: none.</param>
    /// <param name="options">Stride, padding, dilation and groups; null: the defaults.</param>
    /// <returns><c>[N, O, OH, OW]</c> for an input <c>[N, C, H, W]</c>.</returns>
    /// <exception cref="ShapeMismatchException">The shapes do not match.</exception>
    public Tensor Conv2d(Tensor weight, Tensor? bias = null, Conv2dOptions? options = null) =>
        Conv2d(weight, options ?? Conv2dOptions.Default, new Conv2dTail(bias, Residual: null, Relu: false));

    /// <summary>
    /// Computes a transposed 2-D convolution: the gradient of <see cref="Conv2d(Tensor, Tensor?, Conv2dOptions?)"/>
    /// with respect to its input.
    /// </summary>
    /// <param name="weight">Weights <c>[C, O / groups, KH, KW]</c>.</param>
    /// <param name="bias">Bias <c>[O]</c>; null: none.</param>
    /// <param name="options">Stride, padding, dilation, groups and output padding; null: the defaults.</param>
    /// <returns><c>[N, O, OH, OW]</c> for an input <c>[N, C, H, W]</c>.</returns>
    /// <exception cref="ShapeMismatchException">The shapes do not match.</exception>
    public Tensor ConvTranspose2d(Tensor weight, Tensor? bias = null, Conv2dOptions? options = null) =>
        new ConvTranspose2dOperation(this, weight, bias, options ?? Conv2dOptions.Default).Apply();

    /// <summary>Computes a convolution with bias, addition and ReLU fused into the store of the result.</summary>
    /// <param name="weight">Weights <c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="options">Stride, padding, dilation and groups.</param>
    /// <param name="tail">Operations applied to each element before it is stored.</param>
    internal Tensor Conv2d(Tensor weight, Conv2dOptions options, Conv2dTail tail) =>
        new Conv2dOperation(this, weight, options, tail).Apply();

    /// <summary>Computes a convolution and, while storing it, the mean and variance of each output channel.</summary>
    internal Tensor Conv2dWithStatistics(
        Tensor weight, Tensor? bias, Conv2dOptions options, out BatchStatistics statistics)
    {
        var operation = new Conv2dOperation(this, weight, options, new Conv2dTail(bias, Residual: null, Relu: false))
        {
            GathersStatistics = true,
        };
        Tensor y = operation.Apply();
        statistics = operation.Statistics!;
        return y;
    }
}

/// <summary>Operations fused into a convolution, applied to each element before it is stored.</summary>
/// <param name="Bias">Bias <c>[O]</c>, added first; null: none.</param>
/// <param name="Residual">Added after the bias; same shape as the result. null: nothing is added.</param>
/// <param name="Relu">Whether ReLU is applied last.</param>
internal readonly record struct Conv2dTail(Tensor? Bias, Tensor? Residual, bool Relu);
