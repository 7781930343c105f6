using System.Runtime.Intrinsics;

namespace Temper.Kernels;

/// <summary>Maximum pooling of channels-last bytes of a grid.</summary>
internal static unsafe class BytePooling
{
    /// <summary>
    /// The largest byte of each window; 0, the least number of a grid, for a window wholly in the padding.
    /// </summary>
    /// <param name="sizes">Images, channels and windows.</param>
    /// <param name="x">Bytes <c>[N, H, W, C]</c>, C filled up to groups of four.</param>
    /// <param name="y">Receives <c>[N, OH, OW, C]</c> of the same kind.</param>
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

    /// <summary>A row of windows.</summary>
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

        /// <summary>The largest bytes of a window, of 16 channels or of four.</summary>
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
