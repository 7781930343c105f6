namespace Temper.Kernels;

/// <summary>
/// A convolution-like map of channels-last images: each result pixel sums over kernel positions of source pixels,
/// through weights.
/// </summary>
internal unsafe struct IndirectJob
{
    internal int Batch;
    internal int KernelHeight;
    internal int KernelWidth;

    /// <summary>Source row for each result row and kernel position row; see <see cref="KernelMap"/>.</summary>
    internal int* RowMap;

    /// <summary>Source column for each result column and kernel position column.</summary>
    internal int* ColumnMap;

    internal float* Source;
    internal int SourceHeight;
    internal int SourceWidth;

    /// <summary>Channels of a source pixel, all groups.</summary>
    internal int SourceChannels;

    /// <summary>Channels of a source pixel that one group sums over.</summary>
    internal int Depth;

    /// <summary>
    /// Numbers of the channels that a source pixel has, of all that there are weights for; null: it has all of them.
    /// </summary>
    internal int* Listed;

    internal float* Result;
    internal int ResultHeight;
    internal int ResultWidth;
    internal int ResultChannels;

    /// <summary>Channels of a result pixel in one group.</summary>
    internal int Columns;

    internal float* Weight;

    /// <summary>
    /// Weights of all groups as the tiles read them, where they were packed before; null: <see cref="Weight"/> is
    /// packed in each run.
    /// </summary>
    internal float* Prepacked;
    internal int Groups;

    /// <summary>
    /// Whether weights are read as <c>[sum, result, kernel position]</c> (gradient of the input), not
    /// <c>[result, sum, kernel position]</c>.
    /// </summary>
    internal bool IsBackward;

    internal float* Bias;
    internal float* Residual;
    internal bool Relu;
    internal bool GathersStatistics;

    // Set while it runs.
    internal float* Packed;
    internal int Group;
    internal int RowsPerTask;

    /// <summary>Tasks for one group of panels; each gathers statistics of its own.</summary>
    internal int PixelTasks;
    internal int PanelsPerTask;
    internal int ImageGroups;
    internal ChannelStatistics Statistics;

    /// <summary>Channels of a source pixel that are summed over.</summary>
    internal readonly int Summed => Listed == null ? Depth : SourceChannels;

    internal readonly int Positions => KernelHeight * KernelWidth;

    internal readonly long SourceImage => (long)SourceHeight * SourceWidth * SourceChannels;

    internal readonly long ResultImage => (long)ResultHeight * ResultWidth * ResultChannels;

    /// <summary>Memory for the statistics of some tasks, where they are wanted.</summary>
    internal void RentStatistics(int tasks)
    {
        if (GathersStatistics)
        {
            float* memory = Scratch.Rent(Scratch.Use.Partial, ChannelStatistics.Floats(tasks, ResultChannels));
            Statistics = new ChannelStatistics(memory, tasks, ResultChannels);
        }
    }

    /// <summary>Where a task gathers statistics of its pixels; null if they are not wanted.</summary>
    internal readonly float* StatisticsOf(int task, int pixels)
    {
        if (!GathersStatistics)
        {
            return null;
        }

        Statistics.SetPixels(task, pixels);
        return Statistics.Of(task);
    }
}
