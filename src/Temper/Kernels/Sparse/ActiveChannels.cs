using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Temper.Kernels.Generated;

namespace Temper.Kernels;

/// <summary>The channels of an image that are not zero everywhere: found when it runs, and brought together.</summary>
internal static unsafe class ActiveChannels
{
    /// <summary>Numbers that stand behind a list, since kernels fetch ahead what they name.</summary>
    internal const int Ahead = IndirectTiles.NumbersAhead;

    /// <summary>Finds them. A channel with a NaN is one.</summary>
    /// <param name="x"><c>[pixels, C]</c>.</param>
    /// <param name="pixels">Pixels.</param>
    /// <param name="channels">C.</param>
    /// <param name="numbers">
    /// Receives their numbers, in order, and <see cref="Ahead"/> more that name channels; room for C and those.
    /// </param>
    /// <returns>How many there are.</returns>
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

    /// <summary>Some channels of each pixel side by side.</summary>
    /// <param name="x"><c>[pixels, C]</c>.</param>
    /// <param name="pixels">Pixels.</param>
    /// <param name="channels">C.</param>
    /// <param name="numbers">The numbers of the channels wanted.</param>
    /// <param name="count">How many are wanted.</param>
    /// <param name="y">Receives <c>[pixels, count]</c>.</param>
    internal static void Gather(float* x, int pixels, int channels, int* numbers, int count, float* y) => Chunks.Run(
        new Copy { X = x, Pixels = pixels, Channels = channels, Numbers = numbers, Count = count, Y = y },
        Chunks.Count(pixels, Chunks.Rows(channels)));

    private struct Job : IChunkBody
    {
        /// <summary>Vectors that are read side by side, at every width.</summary>
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
        /// <summary>Channels up to which their masks lie on the stack.</summary>
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
                // Vectors of the last pixels would reach into what another chunk writes.
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
        /// A vector of channels at a time; what is written beyond the last channel of a pixel belongs to those that
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
