using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>The two-dimensional convolution (cross-correlation, as in PyTorch and ONNX).</summary>
    /// <param name="weight"><c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="bias"><c>[O]</c>, or null for none.</param>
    /// <param name="options">Stride, padding, dilation and groups; null for the defaults.</param>
    /// <returns><c>[N, O, OH, OW]</c> for an input <c>[N, C, H, W]</c>.</returns>
    /// <exception cref="ShapeMismatchException">A shape does not fit.</exception>
    public Tensor Conv2d(Tensor weight, Tensor? bias = null, Conv2dOptions? options = null) =>
        Conv2d(weight, options ?? Conv2dOptions.Default, new Conv2dTail(bias, Residual: null, Relu: false));

    /// <summary>
    /// The transposed convolution: the gradient of <see cref="Conv2d(Tensor, Tensor?, Conv2dOptions?)"/> as a map.
    /// </summary>
    /// <param name="weight"><c>[C, O / groups, KH, KW]</c>.</param>
    /// <param name="bias"><c>[O]</c>, or null for none.</param>
    /// <param name="options">Stride, padding, dilation, groups and output padding; null for the defaults.</param>
    /// <returns><c>[N, O, OH, OW]</c> for an input <c>[N, C, H, W]</c>.</returns>
    /// <exception cref="ShapeMismatchException">A shape does not fit.</exception>
    public Tensor ConvTranspose2d(Tensor weight, Tensor? bias = null, Conv2dOptions? options = null) =>
        new ConvTranspose2dOperation(this, weight, bias, options ?? Conv2dOptions.Default).Apply();

    /// <summary>The convolution with what follows it done while its result is stored: bias, addition, ReLU.</summary>
    /// <param name="weight"><c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="options">Stride, padding, dilation and groups.</param>
    /// <param name="tail">What is done to each result.</param>
    internal Tensor Conv2d(Tensor weight, Conv2dOptions options, Conv2dTail tail) =>
        new Conv2dOperation(this, weight, options, tail).Apply();

    /// <summary>The convolution, and the statistics of each output channel gathered while it is stored.</summary>
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

/// <summary>What a convolution does to each result before storing it.</summary>
/// <param name="Bias"><c>[O]</c>, added first.</param>
/// <param name="Residual">Same shape as the result, added second.</param>
/// <param name="Relu">Whether negative results become zero, last.</param>
internal readonly record struct Conv2dTail(Tensor? Bias, Tensor? Residual, bool Relu);
