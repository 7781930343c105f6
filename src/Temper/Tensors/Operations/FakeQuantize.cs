using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Each element as a whole number would give it back:
    /// <c>scale (clamp(round(x / scale) + zero, low, high) - zero)</c>, of two nearest whole numbers the even one. The
    /// gradient passes straight through where nothing is clamped. Any shape.
    /// </summary>
    /// <param name="scale">Quantization step, positive.</param>
    /// <param name="zero">
    /// Zero point: the integer that stands for 0, from <paramref name="low"/> to <paramref name="high"/>.
    /// </param>
    /// <param name="low">Smallest whole number, at least -2^20.</param>
    /// <param name="high">Largest whole number, at most 2^20.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public Tensor FakeQuantize(float scale, int zero, int low, int high)
    {
        FakeQuantizeFunction.Check(scale, zero, low, high);
        return new UnaryOperation<FakeQuantizeFunction>(this, new(scale, low - zero, high - zero)).Apply();
    }

    /// <summary>
    /// The same with a scale for each index of axis 0, and 0 standing for 0: weights <c>[O, ...]</c> with a scale for
    /// each output.
    /// </summary>
    /// <param name="scales"><c>[O]</c>, positive; no gradient flows to it.</param>
    /// <param name="low">Smallest whole number, at least -2^20.</param>
    /// <param name="high">Largest whole number, at most 2^20.</param>
    /// <exception cref="ShapeMismatchException">There is another number of scales.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
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
            throw new ArgumentOutOfRangeException(
                nameof(scale), $"FakeQuantize: the scale does not fit (got {scale}, expected a positive number)");
        }

        if (low < -MaxLevel || high > MaxLevel || zero < low || zero > high)
        {
            throw new ArgumentOutOfRangeException(
                nameof(zero), $"FakeQuantize: the zero point or the range does not fit (got {zero} in {low} to {high}, "
                    + "expected it inside, and a range of at most 2^20 in magnitude)");
        }
    }
}

/// <summary>Row by row of axis 0, each with its scale.</summary>
internal sealed class FakeQuantizeRowsOperation(Tensor x, Tensor scales, int low, int high) : Operation(x)
{
    internal override string Name => "FakeQuantize";

    internal override Tensor[] Constants => [scales];

    protected override Tensor Forward()
    {
        if (x.Rank == 0 || scales.Rank != 1 || scales.Count != x.Shape[0])
        {
            throw new ShapeMismatchException(
                Name, x.Shape, scales.Shape, "[O, ...] and [O]: a scale for each index of axis 0");
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
