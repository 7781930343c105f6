namespace Temper.Kernels;

/// <summary>
/// First layers have one to four channels, too few for a tile. In channels-last memory a kernel row's pixels lie
/// together, so one row is taken as one kernel position with (columns x channels) channels; horizontal padding is
/// copied into the image for that.
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

    /// <summary>The same convolution with a kernel one column wide.</summary>
    internal ConvolutionGeometry Geometry { get; }

    /// <summary>The image with its padding left and right.</summary>
    internal float* Source { get; }

    /// <summary>Floats from one image row to the next.</summary>
    internal int RowDistance { get; }

    internal static bool Fit(in ConvolutionGeometry g) =>
        g.Groups == 1 && g.InChannels <= MaxChannels && g.KernelWidth > 1 && g.DilationWidth == 1;

    /// <summary>
    /// Copies the image where it needs padding (or, for tiles that read a little further, room at its end).
    /// </summary>
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

    /// <summary>The weights of the merged convolution.</summary>
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

    /// <summary>Turns a forward job into one over merged rows, all but the weights.</summary>
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
    /// Where weight <c>[channel][row][column]</c> number <paramref name="index"/> stands among the merged ones.
    /// </summary>
    private static int MergedIndex(in ConvolutionGeometry g, int index)
    {
        int channel = index / g.Positions;
        int row = index % g.Positions / g.KernelWidth;
        int column = index % g.KernelWidth;
        return (((column * g.InChannels) + channel) * g.KernelHeight) + row;
    }

    /// <summary>Copies one image.</summary>
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
