using System.Buffers;
using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Operands of the gradient of a layer normalization.</summary>
internal readonly ref struct LayerNormGradient
{
    /// <summary>The input, <c>[rows, D]</c>.</summary>
    internal required ReadOnlySpan<float> X { get; init; }

    /// <summary>The gain, <c>[D]</c>.</summary>
    internal required ReadOnlySpan<float> Gain { get; init; }

    /// <summary>Means and r stored by the forward pass, <c>[rows, 2]</c>.</summary>
    internal required ReadOnlySpan<float> Moments { get; init; }

    /// <summary>Gradient of the output, <c>[rows, D]</c>.</summary>
    internal required ReadOnlySpan<float> Dy { get; init; }

    /// <summary>Receives the gradient of the input, <c>[rows, D]</c>; may be <see cref="Dy"/>.</summary>
    internal required Span<float> Dx { get; init; }

    /// <summary>
    /// Receives the gradient of the gain, <c>[D]</c>; empty, with <see cref="Dshift"/>: neither is computed.
    /// </summary>
    internal Span<float> Dgain { get; init; }

    /// <summary>Receives the gradient of the shift, <c>[D]</c>.</summary>
    internal Span<float> Dshift { get; init; }
}

/// <summary>Layer normalization of each row of <c>[rows, D]</c> (Ba, Kiros, Hinton, arXiv:1607.06450).</summary>
internal static unsafe class LayerNormalization
{
    /// <summary>Computes y = (x - mean) r gain + shift, with r = 1 / sqrt(variance + epsilon), for each row.</summary>
    /// <param name="x"><c>[rows, D]</c>.</param>
    /// <param name="gain"><c>[D]</c>.</param>
    /// <param name="shift"><c>[D]</c>.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="moments">Receives mean and r of each row, <c>[rows, 2]</c>, for the gradient.</param>
    /// <param name="y">Receives <c>[rows, D]</c>; may be <paramref name="x"/>.</param>
    internal static void Forward(
        ReadOnlySpan<float> x, ReadOnlySpan<float> gain, ReadOnlySpan<float> shift, float epsilon, Span<float> moments,
        Span<float> y)
    {
        int rows = moments.Length / 2, width = gain.Length;
        Elementwise.RequireLength(x.Length, y.Length);
        Elementwise.RequireLength(x.Length, rows * width);
        fixed (float* px = x, pg = gain, ps = shift, pm = moments, py = y)
        {
            var body = new ForwardBody
            {
                X = px, Gain = pg, Shift = ps, Moments = pm, Y = py, Rows = rows, Width = width, Epsilon = epsilon,
            };
            Chunks.Run(body, Chunks.Count(rows, Chunks.Rows(width)));
        }
    }

    /// <summary>
    /// Computes the gradients. With h = (x - mean) r and g = dy gain: dx = r (g - mean(g) - h mean(g h)) for each row,
    /// and dgain = Σ dy h and dshift = Σ dy, summed over rows.
    /// </summary>
    internal static void Gradient(in LayerNormGradient of)
    {
        int rows = of.Moments.Length / 2, width = of.Gain.Length, chunks = Chunks.Count(rows, Chunks.Rows(width));
        Elementwise.RequireLength(of.X.Length, rows * width);
        Elementwise.RequireLength(of.Dy.Length, rows * width);
        Elementwise.RequireLength(of.Dx.Length, rows * width);

        // With wide rows a chunk is one row, and the partial sums have twice the size of the input.
        int sumFloats = of.Dgain.IsEmpty ? 0 : checked(chunks * 2 * width);
        float[] partial = sumFloats == 0 ? [] : ArrayPool<float>.Shared.Rent(sumFloats);
        partial.AsSpan(0, sumFloats).Clear();
        fixed (float* x = of.X, dy = of.Dy, gain = of.Gain, moments = of.Moments, dx = of.Dx, sums = partial)
        {
            var body = new GradientBody
            {
                X = x, Dy = dy, Gain = gain, Moments = moments, Dx = dx, Sums = sums, Rows = rows, Width = width,
            };
            Chunks.Run(body, chunks);
        }

        Merge(partial, chunks, of.Dgain, of.Dshift);
        if (sumFloats > 0)
        {
            ArrayPool<float>.Shared.Return(partial);
        }
    }

    private static void Merge(ReadOnlySpan<float> partial, int chunks, Span<float> dgain, Span<float> dshift)
    {
        int width = dgain.Length;
        for (int c = 0; c < width; c++)
        {
            double gain = 0, shift = 0;
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                gain += partial[(chunk * 2 * width) + c];
                shift += partial[(((chunk * 2) + 1) * width) + c];
            }

            (dgain[c], dshift[c]) = ((float)gain, (float)shift);
        }
    }

    private readonly struct ForwardBody : IChunkBody
    {
        internal float* X { get; init; }

        internal float* Gain { get; init; }

        internal float* Shift { get; init; }

        internal float* Moments { get; init; }

        internal float* Y { get; init; }

        internal int Rows { get; init; }

        internal int Width { get; init; }

        internal float Epsilon { get; init; }

        public void Run(int chunk)
        {
            int end = Math.Min(Rows, (chunk + 1) * Chunks.Rows(Width));
            for (int row = chunk * Chunks.Rows(Width); row < end; row++)
            {
                float* x = X + ((long)row * Width);
                float* y = Y + ((long)row * Width);
                float mean = (float)(Reductions.Serial(default(SumReducer), x, Width) / Width);
                // A second pass avoids cancellation.
                double variance = Reductions.Serial(new DeviationReducer(mean), x, Width) / Width;
                float r = (float)(1 / Math.Sqrt(variance + Epsilon));
                (Moments[2 * row], Moments[(2 * row) + 1]) = (mean, r);
                Elementwise.Serial(new Normalize(mean, r), x, Gain, Shift, y, Width);
            }
        }
    }

    private readonly struct GradientBody : IChunkBody
    {
        internal float* X { get; init; }

        internal float* Dy { get; init; }

        internal float* Gain { get; init; }

        internal float* Moments { get; init; }

        internal float* Dx { get; init; }

        /// <summary>Partial sums of the gradients of gain and shift; null: not computed.</summary>
        internal float* Sums { get; init; }

        internal int Rows { get; init; }

        internal int Width { get; init; }

        public void Run(int chunk)
        {
            float* dgain = Sums == null ? null : Sums + ((long)chunk * 2 * Width);
            int end = Math.Min(Rows, (chunk + 1) * Chunks.Rows(Width));
            for (int row = chunk * Chunks.Rows(Width); row < end; row++)
            {
                float* x = X + ((long)row * Width);
                float* dy = Dy + ((long)row * Width);
                (float mean, float r) = (Moments[2 * row], Moments[(2 * row) + 1]);
                if (dgain != null)
                {
                    Elementwise.Serial(new AddNormalizedProduct(mean, r), x, dy, dgain, dgain, Width);
                    Elementwise.Serial(default(AddKernel), dgain + Width, dy, dgain + Width, Width);
                }

                double sum = 0, dot = 0;   // Σ g and Σ g h
                for (int c = 0; c < Width; c++)
                {
                    double g = dy[c] * Gain[c];
                    sum += g;
                    dot += g * ((x[c] - mean) * r);
                }

                var gradient = new LayerNormInputGradient(mean, r, (float)(sum / Width), (float)(dot / Width));
                Elementwise.Serial(gradient, x, dy, Gain, Dx + ((long)row * Width), Width);
            }
        }
    }

    /// <summary>Sum of squared deviations, Σ (x - mean)².</summary>
    private readonly struct DeviationReducer(float mean) : IReducer
    {
        public float Identity => 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Fold<T>(T folded, T x)
            where T : unmanaged, ILanes<T>
        {
            T d = x - T.Create(mean);
            return T.MultiplyAdd(d, d, folded);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Join<T>(T a, T b)
            where T : unmanaged, ILanes<T> => a + b;

        public double Join(double a, double b) => a + b;
    }

    /// <summary>Layer normalization of an element: (x - mean) r gain + shift.</summary>
    private readonly struct Normalize(float mean, float r) : ITernaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Invoke<T>(T x, T gain, T shift)
            where T : unmanaged, ILanes<T> => T.MultiplyAdd((x - T.Create(mean)) * T.Create(r), gain, shift);
    }

    /// <summary>Adds dy h to a sum, with h = (x - mean) r the normalized input: the gradient of the gain.</summary>
    private readonly struct AddNormalizedProduct(float mean, float r) : ITernaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Invoke<T>(T x, T dy, T sum)
            where T : unmanaged, ILanes<T> => T.MultiplyAdd((x - T.Create(mean)) * T.Create(r), dy, sum);
    }

    /// <summary>Input gradient: r (g - mean(g) - h mean(g h)), with h = (x - mean) r and g = dy gain.</summary>
    private readonly struct LayerNormInputGradient(float mean, float r, float meanG, float meanGh) : ITernaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Invoke<T>(T x, T dy, T gain)
            where T : unmanaged, ILanes<T>
        {
            T h = (x - T.Create(mean)) * T.Create(r);
            return T.Create(r) * ((dy * gain) - T.Create(meanG) - (h * T.Create(meanGh)));
        }
    }
}
