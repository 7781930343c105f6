using System.Runtime.Intrinsics;

namespace Temper.Kernels;

/// <summary>Max pooling of channels-last bytes of a quantization grid.</summary>
internal static unsafe class BytePooling
{
    /// <summary>
    /// Computes the largest byte of each window. A window entirely in the padding gives 0, the smallest value of a
    /// grid.
    /// </summary>
    /// <param name="sizes">Sizes of images, channels and windows.</param>
    /// <param name="x">Bytes <c>[N, H, W, C]</c>, C padded to a multiple of four.</param>
    /// <param name="y">Receives <c>[N, OH, OW, C]</c>, padded in the same way.</param>
    internal static void Maximum(PoolingSizes sizes, FloatAddress x, FloatAddress y)
    {
        fixed (int* top = sizes.Height.Starts, bottom = sizes.Height.Ends,
            left = sizes.Width.Starts, right = sizes.Width.Ends)
        {
            var body = new Body
            {
                X = (byte*)x.Pointer, Y = (byte*)y.Pointer, Height = sizes.Height.Inputs, Width = sizes.Width.Inputs,
                Stride = ByteGrid.Stride(sizes.Channels),
                Rows = sizes.Height.Outputs, Columns = sizes.Width.Outputs, Top = top, Bottom = bottom, Left = left,
                Right = right,
                RowStep = sizes.Height.Step, ColumnStep = sizes.Width.Step,
            };
            Chunks.Run(body, sizes.Batch * sizes.Height.Outputs);
        }
    }

    /// <summary>Pools one row of windows.</summary>
    private struct Body : IChunkBody
    {
        internal byte* X;
        internal byte* Y;
        internal int Height;
        internal int Width;
        internal int Stride;
        internal int Rows;
        internal int Columns;
        internal int* Top;
        internal int* Bottom;
        internal int* Left;
        internal int* Right;
        internal int RowStep;
        internal int ColumnStep;

        public readonly void Run(int chunk)
        {
            (int image, int row) = Math.DivRem(chunk, Rows);
            byte* to = Y + ((nint)chunk * Columns * Stride), from = X + ((nint)image * Height * Width * Stride);
            for (int column = 0; column < Columns; column++, to += Stride)
            {
                int c = 0;
                for (; c + Vector128<byte>.Count <= Stride; c += Vector128<byte>.Count)
                {
                    Window(from + c, row, column, isWhole: true).Store(to + c);
                }

                for (; c < Stride; c += sizeof(uint))
                {
                    *(uint*)(to + c) = Window(from + c, row, column, isWhole: false).AsUInt32().ToScalar();
                }
            }
        }

        /// <summary>Returns the largest bytes of a window, for 16 channels or for four.</summary>
        private readonly Vector128<byte> Window(byte* from, int row, int column, bool isWhole)
        {
            Vector128<byte> largest = Vector128<byte>.Zero;
            for (int h = Top[row]; h < Bottom[row]; h += RowStep)
            {
                for (int w = Left[column]; w < Right[column]; w += ColumnStep)
                {
                    byte* at = from + ((((nint)h * Width) + w) * Stride);
                    largest = Vector128.Max(
                        largest, isWhole ? Vector128.Load(at) : Vector128.CreateScalar(*(uint*)at).AsByte());
                }
            }

            return largest;
        }
    }
}
