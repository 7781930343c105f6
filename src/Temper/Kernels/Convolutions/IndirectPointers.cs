namespace Temper.Kernels;

/// <content>The tables of pointers: for each tap a pointer a pixel of the tile, then the tap's number.</content>
internal static unsafe partial class IndirectConvolution
{
    /// <summary>One place in several images: taps outside are left out. Gives the number of taps.</summary>
    private static nint PointImages(in IndirectJob job, int group, int row, int column, float** table)
    {
        int rows = ConvolutionTile.Active.Rows;
        int image = group * rows;
        int valid = Math.Min(rows, job.Batch - image);
        nint distance = (nint)job.SourceImage;
        float* source = job.Source + (image * job.SourceImage) + ((long)job.Group * job.Depth);
        nint taps = 0;
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
                for (int i = 0; i < rows; i++)
                {
                    table[i] = pixel + (Math.Min(i, valid - 1) * distance);
                }

                table[rows] = (float*)(nint)((kh * job.KernelWidth) + kw);
                table += rows + 1;
                taps++;
            }
        }

        return taps;
    }

    /// <summary>Neighbors in a row of one image: a tap outside for some reads zeros there, and is left out if outside for all.</summary>
    private static nint PointRow(in IndirectJob job, int image, int row, int place, float** table)
    {
        int rows = ConvolutionTile.Active.Rows;
        int left = place * rows;
        float* zeros = Scratch.Rent(Scratch.Use.Zeros, job.Depth);
        float* source = job.Source + (image * job.SourceImage) + ((long)job.Group * job.Depth);
        nint taps = 0;
        for (int kh = 0; kh < job.KernelHeight; kh++)
        {
            int h = job.RowMap[(row * job.KernelHeight) + kh];
            if (h < 0)
            {
                continue;
            }

            float* line = source + ((long)h * job.SourceWidth * job.SourceChannels);
            for (int kw = 0; kw < job.KernelWidth; kw++)
            {
                bool isInside = false;
                for (int i = 0; i < rows; i++)
                {
                    int column = Math.Min(left + i, job.ResultWidth - 1);
                    int w = job.ColumnMap[(column * job.KernelWidth) + kw];
                    isInside |= w >= 0;
                    table[i] = w >= 0 ? line + ((long)w * job.SourceChannels) : zeros;
                }

                if (isInside)
                {
                    table[rows] = (float*)(nint)((kh * job.KernelWidth) + kw);
                    table += rows + 1;
                    taps++;
                }
            }
        }

        return taps;
    }
}
