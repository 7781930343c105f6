namespace Temper.Kernels;

/// <summary>Rule that selects the winners of a sample.</summary>
/// <param name="Count">Number of winners; used without a threshold.</param>
/// <param name="Threshold">Minimum magnitude or score of a winner; NaN: the largest ones win.</param>
/// <param name="Channels">Whether channels compete, rather than elements.</param>
/// <param name="Sum">How channels are scored.</param>
internal readonly record struct WinnerRule(int Count, float Threshold, bool Channels, ChannelSum Sum)
{
    internal unsafe WinnerLimit LimitOf(float* ranked, int n) =>
        float.IsNaN(Threshold)
            ? WinnerSelection.Limit(ranked, n, Math.Min(Count, n))
            : WinnerSelection.Limit(Threshold);
}

/// <summary>Winners-take-all for each sample of a batch, with samples in parallel.</summary>
internal static unsafe class WinnerRows
{
    /// <summary>Finds the limits of the samples of <paramref name="x"/> <c>[samples, n]</c>.</summary>
    /// <param name="x">Elements or scores.</param>
    /// <param name="limits">Receives the limit of each sample.</param>
    /// <param name="count">Number of winners per sample.</param>
    internal static void Limits(ReadOnlySpan<float> x, Span<WinnerLimit> limits, int count)
    {
        fixed (float* px = x)
        fixed (WinnerLimit* pl = limits)
        {
            int samples = limits.Length;
            Chunks.Run(new LimitBody
            {
                X = px, Limits = pl, N = samples == 0 ? 0 : x.Length / samples, Count = count,
            }, samples);
        }
    }

    /// <summary>Keeps the elements whose ranked value at the same index wins, and sets the others to zero.</summary>
    /// <param name="rank">Ranked values, <c>[samples, pixels, channels]</c>.</param>
    /// <param name="x">Elements to keep, in the same order.</param>
    /// <param name="y">Receives the result.</param>
    /// <param name="limits">Limit of each sample.</param>
    /// <param name="channels">Number of contiguous channels; 1 for row-major data.</param>
    internal static void Keep(
        ReadOnlySpan<float> rank, ReadOnlySpan<float> x, Span<float> y, ReadOnlySpan<WinnerLimit> limits, int channels)
    {
        Elementwise.RequireLength(x.Length, rank.Length);
        Elementwise.RequireLength(y.Length, rank.Length);
        fixed (float* pr = rank, px = x, py = y)
        fixed (WinnerLimit* pl = limits)
        {
            int samples = limits.Length;
            Chunks.Run(new KeepBody
            {
                Rank = pr, X = px, Y = py, Limits = pl, N = samples == 0 ? 0 : rank.Length / samples,
                Channels = channels,
            }, samples);
        }
    }

    /// <summary>Computes the scores of the channels of images <c>[samples, pixels, channels]</c>.</summary>
    internal static void Scores(
        ReadOnlySpan<float> x, Span<float> scores, (int Samples, int Channels) size, ChannelSum sum)
    {
        Elementwise.RequireLength(scores.Length, size.Samples * size.Channels);
        fixed (float* px = x, ps = scores)
        {
            Chunks.Run(new ScoreBody
            {
                X = px, Scores = ps, N = size.Samples == 0 ? 0 : x.Length / size.Samples, Channels = size.Channels,
                Sum = sum,
            }, size.Samples);
        }
    }

    /// <summary>
    /// Keeps the channels of images <c>[samples, pixels, channels]</c> whose flag <c>[samples, channels]</c> is
    /// nonzero, and sets the others to zero.
    /// </summary>
    internal static void KeepChannels(ReadOnlySpan<float> flags, ReadOnlySpan<float> x, Span<float> y, int samples)
    {
        Elementwise.RequireLength(y.Length, x.Length);
        fixed (float* pf = flags, px = x, py = y)
        {
            Chunks.Run(new ChannelBody
            {
                Flags = pf, X = px, Y = py, N = samples == 0 ? 0 : x.Length / samples,
                Channels = samples == 0 ? 0 : flags.Length / samples,
            }, samples);
        }
    }

    /// <summary>
    /// Ranks each sample and keeps its winners in one pass, for compiled networks. Allocates nothing once each thread
    /// has its scratch memory.
    /// </summary>
    /// <param name="rule">Rule that selects the winners.</param>
    /// <param name="x"><c>[samples, pixels, channels]</c>.</param>
    /// <param name="y">Receives the result, of the same shape; must not be <paramref name="x"/>.</param>
    /// <param name="size">
    /// Sizes. For row-major data, pixels is the number of elements per sample and channels is 1.
    /// </param>
    internal static void Run(
        in WinnerRule rule, FloatAddress x, FloatAddress y, (int Samples, int Pixels, int Channels) size) => Chunks.Run(
        new SampleBody { X = x.Pointer, Y = y.Pointer, Rule = rule, Pixels = size.Pixels, Channels = size.Channels },
        size.Samples);

    /// <summary>
    /// Ranks the channels of images, and keeps the winning channels of other images derived from them, such as pooled
    /// ones, in place.
    /// </summary>
    /// <param name="rule">Rule that selects the winning channels.</param>
    /// <param name="x">Images to rank, <c>[samples, pixels, channels]</c>.</param>
    /// <param name="y">Images to filter in place, <c>[samples, pixels, channels]</c>.</param>
    /// <param name="pixels">Number of pixels of both.</param>
    /// <param name="size">Number of samples and channels.</param>
    internal static void KeepChannels(
        in WinnerRule rule, FloatAddress x, FloatAddress y, (int Ranked, int Kept) pixels,
        (int Samples, int Channels) size) => Chunks.Run(
        new PooledBody
        {
            X = x.Pointer, Y = y.Pointer, Rule = rule, Ranked = pixels.Ranked, Kept = pixels.Kept,
            Channels = size.Channels,
        }, size.Samples);

    /// <summary>
    /// Returns a copy of some rows in scratch memory of this thread, with all but the winners set to zero.
    /// </summary>
    internal static FloatAddress InScratch(in WinnerRule rule, FloatAddress x, int rows, int columns)
    {
        var kept = new FloatAddress(Scratch.Rent(Scratch.Use.Winners, (long)rows * columns));
        Run(rule, x, kept, (rows, columns, 1));
        return kept;
    }

    private struct SampleBody : IChunkBody
    {
        internal float* X;
        internal float* Y;
        internal WinnerRule Rule;
        internal int Pixels;
        internal int Channels;

        public readonly void Run(int chunk)
        {
            int n = Pixels * Channels;
            float* x = X + ((nint)chunk * n), y = Y + ((nint)chunk * n);
            if (!Rule.Channels)
            {
                WinnerSelection.KeepChannelsLast(x, x, y, (Pixels, Channels), Rule.LimitOf(x, n));
                return;
            }

            WinnerSelection.KeepChannels(Flags(Rule, x, Pixels, Channels), x, y, Pixels, Channels);
        }

        /// <summary>Returns a flag per channel in scratch memory: 1 for a winner, else 0.</summary>
        internal static float* Flags(in WinnerRule rule, float* x, int pixels, int channels)
        {
            float* scores = Scratch.Rent(Scratch.Use.Tile, 2L * channels), flags = scores + channels;
            WinnerSelection.Score(x, pixels, channels, rule.Sum, scores);
            new Span<float>(flags, channels).Fill(1);
            WinnerSelection.Keep(scores, flags, flags, channels, rule.LimitOf(scores, channels));
            return flags;
        }
    }

    private struct PooledBody : IChunkBody
    {
        internal float* X;
        internal float* Y;
        internal WinnerRule Rule;
        internal int Ranked;
        internal int Kept;
        internal int Channels;

        public readonly void Run(int chunk)
        {
            float* flags = SampleBody.Flags(Rule, X + ((nint)chunk * Ranked * Channels), Ranked, Channels),
                y = Y + ((nint)chunk * Kept * Channels);
            WinnerSelection.KeepChannels(flags, y, y, Kept, Channels);
        }
    }

    private struct LimitBody : IChunkBody
    {
        internal float* X;
        internal WinnerLimit* Limits;
        internal int N;
        internal int Count;

        public readonly void Run(int chunk) => Limits[chunk] = WinnerSelection.Limit(X + ((nint)chunk * N), N, Count);
    }

    private struct KeepBody : IChunkBody
    {
        internal float* Rank;
        internal float* X;
        internal float* Y;
        internal WinnerLimit* Limits;
        internal int N;
        internal int Channels;

        public readonly void Run(int chunk)
        {
            nint start = (nint)chunk * N;
            WinnerSelection.KeepChannelsLast(
                Rank + start, X + start, Y + start, (N / Channels, Channels), Limits[chunk]);
        }
    }

    private struct ScoreBody : IChunkBody
    {
        internal float* X;
        internal float* Scores;
        internal int N;
        internal int Channels;
        internal ChannelSum Sum;

        public readonly void Run(int chunk) =>
            WinnerSelection.Score(
                X + ((nint)chunk * N), N / Channels, Channels, Sum, Scores + ((nint)chunk * Channels));
    }

    private struct ChannelBody : IChunkBody
    {
        internal float* Flags;
        internal float* X;
        internal float* Y;
        internal int N;
        internal int Channels;

        public readonly void Run(int chunk) => WinnerSelection.KeepChannels(
            Flags + ((nint)chunk * Channels), X + ((nint)chunk * N), Y + ((nint)chunk * N), N / Channels, Channels);
    }
}
