using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Converts channels-last floats to bytes of a quantization grid and back.</summary>
internal static unsafe class ByteCopies
{
    /// <summary>Rounds floats to the nearest value of the grid, ties to even, and stores them as bytes.</summary>
    /// <param name="x">Floats, <c>[pixels, channels]</c>.</param>
    /// <param name="y">Receives the bytes; the channels of a pixel are padded to a multiple of four.</param>
    /// <param name="pixels">Number of pixels of all images.</param>
    /// <param name="channels">Number of channels.</param>
    /// <param name="grid">The quantization grid.</param>
    internal static void Quantize(FloatAddress x, FloatAddress y, int pixels, int channels, ByteGrid grid) =>
        Run(new Body(x.Pointer, (byte*)y.Pointer, pixels, channels, grid, isInto: true), pixels, channels);

    /// <summary>Converts bytes to the floats that they represent.</summary>
    internal static void Dequantize(FloatAddress x, FloatAddress y, int pixels, int channels, ByteGrid grid) =>
        Run(new Body(y.Pointer, (byte*)x.Pointer, pixels, channels, grid, isInto: false), pixels, channels);

    private static void Run(Body body, int pixels, int channels) =>
        Chunks.Run(body, Chunks.Count(pixels, Chunks.Rows(channels)));

    /// <summary>
    /// Converts a block of pixels. If the number of channels is a multiple of four, the block is converted as one row.
    /// </summary>
    private readonly struct Body(float* floats, byte* bytes, int pixels, int channels, ByteGrid grid, bool isInto)
        : IChunkBody
    {
        public void Run(int chunk)
        {
            int rows = Chunks.Rows(channels), first = chunk * rows, count = Math.Min(rows, pixels - first),
                stride = ByteGrid.Stride(channels);
            if (channels < ByteGrid.Stride(1))
            {
                Spread(floats + ((long)first * channels), bytes + ((long)first * stride), count, stride);
                return;
            }

            (int lines, int length) = stride == channels ? (1, count * channels) : (count, channels);
            for (int i = 0; i < lines; i++)
            {
                Line(floats + (((long)first + i) * channels), bytes + (((long)first + i) * stride), length);
            }
        }

        /// <summary>
        /// Converts pixels with fewer than four channels: all of them as one row in scratch memory, with single bytes
        /// copied to or from the padded pixels.
        /// </summary>
        private void Spread(float* x, byte* y, int count, int stride)
        {
            int length = count * channels;
            byte* row = (byte*)Scratch.Rent(Scratch.Use.Gathered, Chunks.Count(length, sizeof(float)));
            if (isInto)
            {
                Line(x, row, length);
            }

            for (int pixel = 0; pixel < count; pixel++, y += stride)
            {
                for (int channel = 0; channel < channels; channel++, row++)
                {
                    if (isInto)
                    {
                        y[channel] = *row;
                    }
                    else
                    {
                        *row = y[channel];
                    }
                }
            }

            if (!isInto)
            {
                Line(x, row - length, length);
            }
        }

        private void Line(float* x, byte* y, int length)
        {
            int i = 0;
            if (DotLanes512.IsSupported)
            {
                i = Run<DotLanes512, Lanes512>(x, y, i, length);
            }

            if (DotOfWords.IsSupported)
            {
                i = Run<DotLanes256<DotOfWords>, Lanes256>(x, y, i, length);
            }

            if (Simd.Active >= SimdWidth.Vector128)
            {
                i = Run<DotLanes128, Lanes128>(x, y, i, length);
            }

            Run<DotLane, Lane>(x, y, i, length);
        }

        [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
        private int Run<T, TFloat>(float* x, byte* y, int i, int length)
            where T : unmanaged, IDotLanes<T, TFloat>
            where TFloat : unmanaged, ILanes<TFloat>
        {
            TFloat scale = TFloat.Create(grid.Scale), low = TFloat.Create(-grid.Zero),
                high = TFloat.Create(byte.MaxValue - grid.Zero);
            TFloat zero = TFloat.Create(grid.Zero), rounder = TFloat.Create(ByteGrid.Rounder);
            for (; i <= length - T.Count; i += T.Count)
            {
                if (isInto)
                {
                    T.StoreBytes(TFloat.Min(TFloat.Max(TFloat.Load(x + i) / scale, low), high) + rounder + zero, y + i);
                }
                else
                {
                    ((T.FromBytes(y + i) - zero) * scale).Store(x + i);
                }
            }

            return i;
        }
    }
}
