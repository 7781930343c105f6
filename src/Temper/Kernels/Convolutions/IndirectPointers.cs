using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Temper.Kernels;

/// <content>
/// Tables of pointers. Each entry has one pointer per pixel of the tile, followed by the index of the kernel position.
/// </content>
internal static unsafe partial class IndirectConvolution
{
    /// <summary>
    /// Fills the table for one pixel of several images, without kernel positions outside the image. Returns the number
    /// of entries.
    /// </summary>
    private static nint PointImages(in IndirectJob job, int group, int row, int column, float** table)
    {
        int rows = ConvolutionTile.Active.Rows;
        int image = group * rows;
        int valid = Math.Min(rows, job.Batch - image);
        var images = new ImageOffsets(valid, job.SourceImage * sizeof(float));
        float* source = job.Source + (image * job.SourceImage) + ((long)job.Group * job.Depth);
        nint positions = 0;
        for (int kh = 0; kh < job.KernelHeight; kh++)
        {
            int h = job.RowMap[(row * job.KernelHeight) + kh];
            if (h < 0)
            {
                continue;
            }

            for (int kw = 0; kw < job.KernelWidth; kw++)
            {
                int w = job.ColumnMap[(column * job.KernelWidth) + kw];
                if (w < 0)
                {
                    continue;
                }

                float* pixel = source + ((((long)h * job.SourceWidth) + w) * job.SourceChannels);
                images.Point(pixel, table, rows);
                table[rows] = (float*)(nint)((kh * job.KernelWidth) + kw);
                table += rows + 1;
                positions++;
            }
        }

        return positions;
    }

    /// <summary>
    /// Fills the table for consecutive pixels of one image. A kernel position that is outside for some pixels reads
    /// zeros there; one that is outside for all is skipped. Returns the number of entries.
    /// </summary>
    private static nint PointPixels(in IndirectJob job, int image, int pixel, int last, float** table)
    {
        int rows = ConvolutionTile.Active.Rows;
        int* down = stackalloc int[2 * rows], right = down + rows;
        for (int i = 0; i < rows; i++)
        {
            (int row, int column) = Math.DivRem(Math.Min(pixel + i, last - 1), job.ResultWidth);
            (down[i], right[i]) = (row * job.KernelHeight, column * job.KernelWidth);
        }

        float* zeros = Scratch.Rent(Scratch.Use.Zeros, job.Depth);
        float* source = job.Source + (image * job.SourceImage) + ((long)job.Group * job.Depth);
        nint positions = 0;
        for (int kh = 0; kh < job.KernelHeight; kh++)
        {
            for (int kw = 0; kw < job.KernelWidth; kw++)
            {
                bool isInside = false;
                for (int i = 0; i < rows; i++)
                {
                    int h = job.RowMap[down[i] + kh], w = job.ColumnMap[right[i] + kw];
                    bool isHere = (h | w) >= 0;
                    isInside |= isHere;
                    table[i] = isHere ? source + ((((long)h * job.SourceWidth) + w) * job.SourceChannels) : zeros;
                }

                if (isInside)
                {
                    table[rows] = (float*)(nint)((kh * job.KernelWidth) + kw);
                    table += rows + 1;
                    positions++;
                }
            }
        }

        return positions;
    }

    /// <summary>
    /// Byte offsets of the images of a tile from its first image; missing images use the offset of the last one.
    /// </summary>
    private readonly struct ImageOffsets
    {
        private readonly Vector512<long> _offsets;

        internal ImageOffsets(int valid, long distance) => _offsets =
            Vector512.Min(Vector512<long>.Indices, Vector512.Create(valid - 1L)) * Vector512.Create(distance);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void Point(float* pixel, float** table, int rows)
        {
            if (rows == Vector512<long>.Count)
            {
                (Vector512.Create((long)pixel) + _offsets).Store((long*)table);
            }
            else
            {
                (Vector256.Create((long)pixel) + _offsets.GetLower()).Store((long*)table);
            }
        }
    }
}
