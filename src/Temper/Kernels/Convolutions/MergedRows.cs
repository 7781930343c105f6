namespace Temper.Kernels;

/// <summary>
/// First layers have one to four channels, too few for a tile. In channels-last memory a kernel row's pixels lie together, so
/// one row is taken as one tap with (columns x channels) channels; horizontal padding is copied into the image for that.
/// </summary>
internal readonly unsafe struct MergedRows
{
    private const int MostChannels = 4;

    private MergedRows(ConvolutionGeometry geometry, float* source, int rowDistance)
    {
        Geometry = geometry;
        Source = source;
        RowDistance = rowDistance;
    }

    /// <summary>The same convolution with a kernel one column wide.</summary>
    internal ConvolutionGeometry Geometry { get; }

    /// <summary>The image with its padding left and right.</summary>
    internal float* Source { get; }

    /// <summary>Floats from one image row to the next.</summary>
    internal int RowDistance { get; }

    internal static bool Fit(in ConvolutionGeometry g) =>
        g.Groups == 1 && g.InChannels <= MostChannels && g.KernelWidth > 1 && g.DilationWidth == 1;

    /// <summary>Copies the image where it needs padding (or, for tiles that read a little further, room at its end).</summary>
    internal static MergedRows Prepare(in ConvolutionGeometry g, float* x)
    {
        int width = g.InWidth + g.PadLeft + g.PadRight;
        int distance = width * g.InChannels;
        int length = g.InWidth * g.InChannels;
        int rows = g.Batch * g.InHeight;
        const int Room = 64;
        float* source = Scratch.Rent(Scratch.Use.Image, ((long)rows * distance) + Room);
        for (int row = 0; row < rows; row++)
        {
            var target = new Span<float>(source + ((long)row * distance), distance);
            target[..(g.PadLeft * g.InChannels)].Clear();
            new ReadOnlySpan<float>(x + ((long)row * length), length).CopyTo(target[(g.PadLeft * g.InChannels)..]);
            target[(distance - (g.PadRight * g.InChannels))..].Clear();
        }

        ConvolutionGeometry merged = g with
        {
            InChannels = g.KernelWidth * g.InChannels,
            InWidth = width - g.KernelWidth + 1,
            KernelWidth = 1,
            PadLeft = 0,
            PadRight = 0,
        };
        return new MergedRows(merged, source, distance);
    }

    /// <summary>Turns a forward job into one over merged rows.</summary>
    internal void Apply(in ConvolutionGeometry g, ref IndirectJob job)
    {
        float* weights = Scratch.Rent(Scratch.Use.Columns, g.WeightCount);
        for (int o = 0; o < g.OutChannels; o++)
        {
            float* from = job.Weight + ((long)o * g.InChannels * g.Taps);
            for (int i = 0; i < g.InChannels * g.Taps; i++)
            {
                weights[((long)o * g.InChannels * g.Taps) + MergedIndex(g, i)] = from[i];
            }
        }

        TapMap.Forward(job.ColumnMap, Geometry.OutWidth, Geometry.InWidth, 1, g.StrideWidth, 1, 0);
        job.KernelWidth = 1;
        job.Source = Source;
        job.SourceWidth = RowDistance / g.InChannels;
        job.SourceChannels = g.InChannels;
        job.Depth = Geometry.InChannels;
        job.Weight = weights;
    }

    /// <summary>From <c>[O][(column, channel)][row]</c> back to <c>[O][channel][row][column]</c>.</summary>
    internal static void RestoreWeights(in ConvolutionGeometry g, float* merged, float* weights)
    {
        int size = g.InChannels * g.Taps;
        for (int o = 0; o < g.OutChannels; o++)
        {
            for (int i = 0; i < size; i++)
            {
                weights[((long)o * size) + i] = merged[((long)o * size) + MergedIndex(g, i)];
            }
        }
    }

    /// <summary>Where weight <c>[channel][row][column]</c> number <paramref name="index"/> stands among the merged ones.</summary>
    private static int MergedIndex(in ConvolutionGeometry g, int index)
    {
        int channel = index / g.Taps;
        int row = index % g.Taps / g.KernelWidth;
        int column = index % g.KernelWidth;
        return (((column * g.InChannels) + channel) * g.KernelHeight) + row;
    }
}
