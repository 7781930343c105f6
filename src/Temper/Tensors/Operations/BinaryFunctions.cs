using Temper.Kernels;

namespace Temper.Tensors;

internal readonly struct SubtractFunction : IBinaryFunction
{
    public string Name => "Subtract";

    public void Value(in BroadcastOperands operands, Span<float> z) => operands.Apply(default(SubtractKernel), z);

    public void Left(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dx) =>
        dz.CopyTo(dx);

    public void Right(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dy) =>
        Elementwise.Apply(default(Negate), dz, dy);
}

internal readonly struct MultiplyFunction : IBinaryFunction
{
    public string Name => "Multiply";

    public void Value(in BroadcastOperands operands, Span<float> z) => operands.Apply(default(MultiplyKernel), z);

    /// <summary>Computes dx = y dz.</summary>
    public void Left(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dx) =>
        Elementwise.Apply(default(MultiplyKernel), y, dz, dx);

    /// <summary>Computes dy = x dz.</summary>
    public void Right(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dy) =>
        Elementwise.Apply(default(MultiplyKernel), x, dz, dy);
}

internal readonly struct DivideFunction : IBinaryFunction
{
    public string Name => "Divide";

    public void Value(in BroadcastOperands operands, Span<float> z) => operands.Apply(default(DivideKernel), z);

    /// <summary>Computes dx = dz / y.</summary>
    public void Left(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dx) =>
        Elementwise.Apply(default(DivideKernel), dz, y, dx);

    /// <summary>Computes dy = -dz z / y.</summary>
    public void Right(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dy) =>
        Elementwise.Apply(default(QuotientGradient), z, y, dz, dy);
}

internal readonly struct MaximumFunction : IBinaryFunction
{
    public string Name => "Maximum";

    public void Value(in BroadcastOperands operands, Span<float> z) => operands.Apply(default(MaximumKernel), z);

    public void Left(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dx) =>
        Elementwise.Apply(default(GreaterGradient), x, y, dz, dx);

    public void Right(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dy) =>
        Elementwise.Apply(default(GreaterGradient), y, x, dz, dy);
}

internal readonly struct MinimumFunction : IBinaryFunction
{
    public string Name => "Minimum";

    public void Value(in BroadcastOperands operands, Span<float> z) => operands.Apply(default(MinimumKernel), z);

    public void Left(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dx) =>
        Elementwise.Apply(default(LessGradient), x, y, dz, dx);

    public void Right(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dy) =>
        Elementwise.Apply(default(LessGradient), y, x, dz, dy);
}

internal readonly struct HuberFunction(float delta) : IBinaryFunction
{
    public string Name => "Huber";

    public void Value(in BroadcastOperands operands, Span<float> z) => operands.Apply(new HuberLoss(delta), z);

    public void Left(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dx)
    {
        Elementwise.Apply(new HuberGradient(delta), x, y, dx);
        Elementwise.Apply(default(MultiplyKernel), dx, dz, dx);
    }

    public void Right(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dy)
    {
        Left(x, y, z, dz, dy);
        Elementwise.Apply(default(Negate), dy, dy);
    }
}

internal readonly struct TensorPowerFunction : IBinaryFunction
{
    public string Name => "Pow";

    public void Value(in BroadcastOperands operands, Span<float> z)
    {
        // The kernel needs operands of equal shape. Expanding both costs little compared with the powers.
        if (operands.XShape.SequenceEqual(operands.YShape))
        {
            Transcendental.Pow(operands.X, operands.Y, z);
            return;
        }

        Tensor left = Tensor.Allocate([z.Length]);
        operands.Apply(default(FirstOf), left.Writable());
        operands.Apply(default(SecondOf), z);
        Transcendental.Pow(left.Physical(), z, z);
    }

    /// <summary>Computes dx = y xʸ⁻¹ dz; 0 if y = 0, also where x = 0.</summary>
    public void Left(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dx)
    {
        Elementwise.Apply(new Affine(1, -1), y, dx);
        Transcendental.Pow(x, dx, dx);
        Elementwise.Apply(default(MultiplyKernel), dx, y, dx);
        Elementwise.Apply(default(MultiplyKernel), dx, dz, dx);
        for (int i = 0; i < dx.Length; i++)
        {
            dx[i] = y[i] == 0 ? 0 : dx[i];
        }
    }

    /// <summary>Computes dy = xʸ log x dz; 0 if x = 0 and y >= 0.</summary>
    public void Right(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, ReadOnlySpan<float> dz, Span<float> dy)
    {
        for (int i = 0; i < dy.Length; i++)
        {
            dy[i] = x[i] == 0 && y[i] >= 0 ? 0 : dz[i] * z[i] * MathF.Log(x[i]);
        }
    }
}
