using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// Steps of perturbed inputs: a step along a gradient, projected onto a ball around the clean input and clipped to the
/// bounds, in one pass over memory.
/// </summary>
internal static unsafe class PerturbationSteps
{
    /// <summary>Computes <c>y = clip(x + size sign(g), max(low, x0 - radius), min(high, x0 + radius))</c>.</summary>
    internal static void Sign(
        in PerturbationStep step, ReadOnlySpan<float> x, ReadOnlySpan<float> gradient, ReadOnlySpan<float> center,
        Span<float> y) =>
        Elementwise.Apply(new SignStep(step), x, gradient, center, y);

    /// <summary>
    /// Computes, for each row, <c>d = x + size g / |g| - x0</c> and <c>y = clip(x0 + d min(1, radius / |d|), low,
    /// high)</c>, with 2-norms over the row. A zero gradient makes no step.
    /// </summary>
    /// <param name="step">Size, radius and bounds.</param>
    /// <param name="x"><c>[rows, width]</c>.</param>
    /// <param name="gradient"><c>[rows, width]</c>.</param>
    /// <param name="center">The clean input x0, <c>[rows, width]</c>.</param>
    /// <param name="y">Receives the result, <c>[rows, width]</c>; must not be one of the inputs.</param>
    /// <param name="rows">Number of samples.</param>
    internal static void Normalized(
        in PerturbationStep step, ReadOnlySpan<float> x, ReadOnlySpan<float> gradient, ReadOnlySpan<float> center,
        Span<float> y, int rows)
    {
        Elementwise.RequireLength(x.Length, y.Length);
        Elementwise.RequireLength(gradient.Length, y.Length);
        Elementwise.RequireLength(center.Length, y.Length);
        if (y.IsEmpty)
        {
            return;
        }

        int width = y.Length / rows;
        fixed (float* px = x, pg = gradient, pc = center, py = y)
        {
            var body =
                new RowsBody(step, px, pg, pc, py) { Width = width, Rows = rows, ChunkRows = Chunks.Rows(width) };
            Chunks.Run(body, Chunks.Count(rows, body.ChunkRows));
        }
    }

    private readonly struct RowsBody(PerturbationStep step, float* x, float* gradient, float* center, float* y)
        : IChunkBody
    {
        internal int Width { get; init; }

        internal int Rows { get; init; }

        internal int ChunkRows { get; init; }

        public void Run(int chunk)
        {
            int end = Math.Min(Rows, (chunk + 1) * ChunkRows);
            for (int row = chunk * ChunkRows; row < end; row++)
            {
                long at = (long)row * Width;
                Move(x + at, gradient + at, center + at, y + at);
                double distance = Math.Sqrt(Reductions.Serial(default(SquareSumReducer), y + at, Width));
                float shrink = distance > step.Radius ? (float)(step.Radius / distance) : 1;
                Elementwise.Serial(
                    new CenterPlusScaled(shrink, step.Low, step.High), y + at, center + at, y + at, Width);
            }
        }

        /// <summary>Computes y = x + size g / |g| - x0.</summary>
        private void Move(float* x, float* gradient, float* center, float* y)
        {
            double squares = Reductions.Serial(default(SquareSumReducer), gradient, Width);
            if (squares is > 1e-30 and < 1e30)
            {
                Elementwise.Serial(
                    new StepFromCenter((float)(step.Size / Math.Sqrt(squares))), x, gradient, center, y, Width);
                return;
            }

            // Squares may have underflowed in single precision: confident networks have gradients of about 1e-25.
            squares = 0;
            for (int i = 0; i < Width; i++)
            {
                squares += (double)gradient[i] * gradient[i];
            }

            double factor = squares == 0 ? 0 : step.Size / Math.Sqrt(squares);
            for (int i = 0; i < Width; i++)
            {
                y[i] = (float)(x[i] + (factor * gradient[i]) - center[i]);
            }
        }
    }
}

/// <summary>Size, ball and bounds of a perturbation step.</summary>
/// <param name="Size">Length of the step; negative: against the gradient.</param>
/// <param name="Radius">Radius of the ball around the clean input.</param>
/// <param name="Low">Smallest allowed input value.</param>
/// <param name="High">Largest allowed input value.</param>
internal readonly record struct PerturbationStep(float Size, float Radius, float Low, float High);

/// <summary>
/// A step along the sign of the gradient. The bounds of ball and inputs are intersected first, so that rounding cannot
/// leave either.
/// </summary>
internal readonly struct SignStep(PerturbationStep step) : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T gradient, T center)
        where T : unmanaged, ILanes<T>
    {
        T moved = T.MultiplyAdd(T.Create(step.Size), default(Sign).Invoke(gradient), x);
        T low = T.Max(center - T.Create(step.Radius), T.Create(step.Low));
        T high = T.Min(center + T.Create(step.Radius), T.Create(step.High));
        return T.Min(T.Max(moved, low), high);
    }
}

/// <summary>Perturbation after a step along the gradient g: x + factor g - x0, with the clean input x0.</summary>
internal readonly struct StepFromCenter(float factor) : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T gradient, T center)
        where T : unmanaged, ILanes<T> => T.MultiplyAdd(T.Create(factor), gradient, x - center);
}

/// <summary>
/// Adds the perturbation d, scaled, to the clean input x0 and clips to the bounds: clip(x0 + shrink d, low, high).
/// </summary>
internal readonly struct CenterPlusScaled(float shrink, float low, float high) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T offset, T center)
        where T : unmanaged,
        ILanes<T> => T.Min(T.Max(T.MultiplyAdd(T.Create(shrink), offset, center), T.Create(low)), T.Create(high));
}
