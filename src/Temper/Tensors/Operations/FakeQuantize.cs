using System.Globalization;
using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Quantizes and dequantizes each element: <c>scale (clamp(round(x / scale) + zero, low, high) - zero)</c>; ties
    /// are rounded to even. Straight-through gradient: it passes unchanged where nothing is clamped, and is 0
    /// elsewhere. Any shape.
    /// </summary>
    /// <param name="scale">Quantization step, above 0.</param>
    /// <param name="zero">
    /// Zero point: the integer that represents 0; from <paramref name="low"/> to <paramref name="high"/>.
    /// </param>
    /// <param name="low">Smallest quantized value, at least -2^20.</param>
    /// <param name="high">Largest quantized value, at most 2^20.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public Tensor FakeQuantize(float scale, int zero, int low, int high)
    {
        FakeQuantizeFunction.Check(scale, zero, low, high);
        return new UnaryOperation<FakeQuantizeFunction>(this, new(scale, low - zero, high - zero)).Apply();
    }

    /// <summary>
    /// Quantizes and dequantizes with a separate scale for each index of axis 0 and zero point 0. Used for weights
    /// <c>[O, ...]</c> with one scale per output.
    /// </summary>
    /// <param name="scales">Quantization steps <c>[O]</c>, above 0; they get no gradient.</param>
    /// <param name="low">Smallest quantized value, at least -2^20.</param>
    /// <param name="high">Largest quantized value, at most 2^20.</param>
    /// <exception cref="ShapeMismatchException">The number of scales differs from the length of axis 0.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public Tensor FakeQuantize(Tensor scales, int low, int high) =>
        new FakeQuantizeRowsOperation(this, scales, low, high).Apply();
}

internal readonly struct FakeQuantizeFunction(float scale, float low, float high) : IUnaryFunction
{
    private const int MaxLevel = 1 << 20;

    public string Name => "FakeQuantize";

    public void Value(ReadOnlySpan<float> x, Span<float> y) =>
        Elementwise.Apply(new FakeQuantize(scale, low, high), x, y);

    public void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        Elementwise.Apply(new FakeQuantizeGradient(scale, low, high), x, dy, dx);

    internal static void Check(float scale, int zero, int low, int high)
    {
        if (!(float.IsNormal(scale) && scale > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(scale), string.Create(
                CultureInfo.InvariantCulture,
                $"FakeQuantize: scale is out of range (got {scale}, expected a positive number)"));
        }

        if (low < -MaxLevel || high > MaxLevel || zero < low || zero > high)
        {
            throw new ArgumentOutOfRangeException(
                nameof(zero), $"FakeQuantize: invalid zero point or limits (got zero {zero}, low {low}, high {high}; "
                    + "expected -2^20 <= low <= zero <= high <= 2^20)");
        }
    }
}

/// <summary>Fake quantization with one scale per index of axis 0.</summary>
internal sealed class FakeQuantizeRowsOperation(Tensor x, Tensor scales, int low, int high) : Operation(x)
{
    internal override string Name => "FakeQuantize";

    internal override Tensor[] Constants => [scales];

    protected override Tensor Forward()
    {
        if (x.Rank == 0 || scales.Rank != 1 || scales.Count != x.Shape[0])
        {
            throw new ShapeMismatchException(
                Name, x.Shape, scales.Shape, "expected [O, ...] and scales [O], one per index of axis 0");
        }

        foreach (float scale in scales.AsSpan<float>())
        {
            FakeQuantizeFunction.Check(scale, 0, low, high);
        }

        Tensor y = Tensor.Allocate(x.Shape);
        ReadOnlySpan<float> from = x.ToRowMajor().Physical();
        Span<float> to = y.Writable();
        for (int row = 0, length = x.Count / Math.Max(1, scales.Count); row < scales.Count; row++)
        {
            Range range = (row * length)..((row + 1) * length);
            new FakeQuantizeFunction(scales.AsSpan<float>()[row], low, high).Value(from[range], to[range]);
        }

        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        ReadOnlySpan<float> from = x.ToRowMajor().Physical(), dy = gradient.ToRowMajor().Physical();
        Span<float> to = dx.Writable();
        for (int row = 0, length = x.Count / Math.Max(1, scales.Count); row < scales.Count; row++)
        {
            Range range = (row * length)..((row + 1) * length);
            new FakeQuantizeFunction(scales.AsSpan<float>()[row], low, high)
                .Gradient(from[range], default, dy[range], to[range]);
        }

        inputs.Add(0, dx);
    }
}
