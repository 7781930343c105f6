namespace Temper.Kernels;

/// <summary>
/// Convolution of first layers, whose one to four channels are too few for a tile. The pixels of a kernel row are
/// contiguous in channels-last memory, so a row is processed as one kernel position with (columns x channels) channels.
/// For this the image is copied with its horizontal padding.
/// </summary>
internal readonly unsafe struct MergedRows
{
    private const int MaxChannels = 4;

    private MergedRows(ConvolutionGeometry geometry, float* source, int rowDistance)
    {
        Geometry = geometry;
        Source = source;
        RowDistance = rowDistance;
    }

    /// <summary>The equivalent convolution with a kernel width of 1.</summary>
    internal ConvolutionGeometry Geometry { get; }

    /// <summary>The image with left and right padding.</summary>
    internal float* Source { get; }

    /// <summary>Distance between image rows, in floats.</summary>
    internal int RowDistance { get; }

    internal static bool Fit(in ConvolutionGeometry g) =>
        g.Groups == 1 && g.InChannels <= MaxChannels && g.KernelWidth > 1 && g.DilationWidth == 1;

    /// <summary>Copies the image with padding, and with extra room at the end for tiles that read past it.</summary>
    internal static MergedRows Prepare(in ConvolutionGeometry g, float* x)
    {
        int width = g.InWidth + g.PadLeft + g.PadRight;
        int distance = width * g.InChannels;
        const int SpareFloats = 64;
        float* source = Scratch.Rent(Scratch.Use.Image, ((long)g.Batch * g.InHeight * distance) + SpareFloats);
        Chunks.Run(new Padding { Geometry = g, Source = x, Target = source, Distance = distance }, g.Batch);

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

    /// <summary>Reorders the weights for the merged convolution.</summary>
    internal static void Weights(in ConvolutionGeometry g, float* source, float* target)
    {
        int count = g.InChannels * g.Positions;
        for (int o = 0; o < g.OutChannels; o++, source += count, target += count)
        {
            for (int i = 0; i < count; i++)
            {
                target[MergedIndex(g, i)] = source[i];
            }
        }
    }

    /// <summary>Converts a forward job to merged rows, except for its weights.</summary>
    internal void Apply(in ConvolutionGeometry g, ref IndirectJob job)
    {
        KernelMap.Forward(job.ColumnMap, Geometry.OutWidth, Geometry.InWidth, 1, g.StrideWidth, 1, 0);
        job.KernelWidth = 1;
        job.Source = Source;
        job.SourceWidth = RowDistance / g.InChannels;
        job.SourceChannels = g.InChannels;
        job.Depth = Geometry.InChannels;
    }

    /// <summary>
    /// Returns the merged index of weight <paramref name="index"/> of an output channel's <c>[channel][row][column]</c>
    /// weights.
    /// </summary>
    private static int MergedIndex(in ConvolutionGeometry g, int index)
    {
        int channel = index / g.Positions;
        int row = index % g.Positions / g.KernelWidth;
        int column = index % g.KernelWidth;
        return (((column * g.InChannels) + channel) * g.KernelHeight) + row;
    }

    /// <summary>Copies one image with padding.</summary>
    private struct Padding : IChunkBody
    {
        internal ConvolutionGeometry Geometry;
        internal float* Source;
        internal float* Target;
        internal int Distance;

        public readonly void Run(int chunk)
        {
            int left = Geometry.PadLeft * Geometry.InChannels, length = Geometry.InWidth * Geometry.InChannels;
            long row = (long)chunk * Geometry.InHeight;
            for (long last = row + Geometry.InHeight; row < last; row++)
            {
                var target = new Span<float>(Target + (row * Distance), Distance);
                target[..left].Clear();
                new ReadOnlySpan<float>(Source + (row * length), length).CopyTo(target[left..]);
                target[(left + length)..].Clear();
            }
        }
    }
}
