using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>Finds the channels of an image that are not entirely zero at run time, and gathers them.</summary>
internal static unsafe class ActiveChannels
{
    /// <summary>
    /// Number of extra valid indices after a list, because kernels prefetch the channels of following indices.
    /// </summary>
    internal const int Ahead = IndirectTiles.NumbersAhead;

    /// <summary>Finds the channels that are not entirely zero; a channel with NaN is one of them.</summary>
    /// <param name="x"><c>[pixels, C]</c>.</param>
    /// <param name="pixels">Number of pixels.</param>
    /// <param name="channels">Number of channels, C.</param>
    /// <param name="numbers">
    /// Receives the channel indices in order, followed by <see cref="Ahead"/> further valid indices; has room for C +
    /// <see cref="Ahead"/>.
    /// </param>
    /// <returns>The number of active channels.</returns>
    internal static int Find(float* x, int pixels, int channels, int* numbers)
    {
        float* last = Scratch.Rent(Scratch.Use.Tile, channels);
        var job = new Job { X = x, Pixels = pixels, Channels = channels, Y = last };
        Chunks.Run(job, Chunks.Count(channels, Job.ChannelsAtOnce));
        int found = 0;
        for (int c = 0; c < channels; c++)
        {
            numbers[found] = c;
            found += last[c] == 0 ? 0 : 1;
        }

        new Span<int>(numbers + Math.Max(found, 1), Ahead).Clear();
        return found;
    }

    /// <summary>Gathers some channels of each pixel.</summary>
    /// <param name="x"><c>[pixels, C]</c>.</param>
    /// <param name="pixels">Number of pixels.</param>
    /// <param name="channels">Number of channels, C.</param>
    /// <param name="numbers">Indices of the channels to gather.</param>
    /// <param name="count">Number of channels to gather.</param>
    /// <param name="y">Receives <c>[pixels, count]</c>.</param>
    internal static void Gather(float* x, int pixels, int channels, int* numbers, int count, float* y) => Chunks.Run(
        new Copy { X = x, Pixels = pixels, Channels = channels, Numbers = numbers, Count = count, Y = y },
        Chunks.Count(pixels, Chunks.Rows(channels)));

    private struct Job : IChunkBody
    {
        /// <summary>Number of channels that are read together, at every vector width.</summary>
        internal const int ChannelsAtOnce = 64;

        internal float* X;
        internal int Pixels;
        internal int Channels;
        internal float* Y;

        public readonly void Run(int chunk) => ChannelSums.Run<LastNonzero>(
            X, Pixels, Channels, (chunk * ChannelsAtOnce, Math.Min((chunk + 1) * ChannelsAtOnce, Channels)), Y);
    }

    private struct Copy : IChunkBody
    {
        /// <summary>Maximum number of channels whose masks are kept on the stack.</summary>
        private const int MaxCompressed = 4096;

        internal float* X;
        internal int Pixels;
        internal int Channels;
        internal int* Numbers;
        internal int Count;
        internal float* Y;

        public readonly void Run(int chunk)
        {
            int rows = Chunks.Rows(Channels), last = Math.Min((chunk + 1) * rows, Pixels);
            nint pixel = chunk * rows;
            if (Avx512F.IsSupported && Channels % Vector512<float>.Count == 0 && Channels <= MaxCompressed)
            {
                // The vectors of the last pixels would overwrite results of another chunk.
                nint end = Math.Max(pixel, last - Chunks.Count(Vector512<float>.Count, Count));
                Compress(pixel, end);
                pixel = end;
            }

            for (; pixel < last; pixel++)
            {
                float* from = X + (pixel * Channels), to = Y + (pixel * Count);
                for (nint i = 0; i < Count; i++)
                {
                    to[i] = from[Numbers[i]];
                }
            }
        }

        /// <summary>
        /// Gathers one vector of channels at a time. The excess lanes of a pixel are overwritten by the pixels that
        /// follow.
        /// </summary>
        private readonly void Compress(nint pixel, nint last)
        {
            int vectors = Channels / Vector512<float>.Count;
            float* masks = stackalloc float[Channels];
            int* counts = stackalloc int[vectors];
            new Span<float>(masks, Channels).Clear();
            for (int i = 0; i < Count; i++)
            {
                masks[Numbers[i]] = BitConverter.Int32BitsToSingle(-1);
                counts[Numbers[i] / Vector512<float>.Count]++;
            }

            float* to = Y + (pixel * Count);
            for (float* from = X + (pixel * Channels); pixel < last; pixel++)
            {
                for (int v = 0; v < vectors; v++, from += Vector512<float>.Count)
                {
                    Avx512F.Compress(Vector512<float>.Zero, Vector512.Load(
                        masks + (v * Vector512<float>.Count)), Vector512.Load(from)).Store(to);
                    to += counts[v];
                }
            }
        }
    }
}
