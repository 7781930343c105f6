namespace Temper.Kernels;

/// <summary>
/// A convolution-like operation on channels-last images: each result pixel is a weighted sum over kernel positions of
/// source pixels.
/// </summary>
internal unsafe struct IndirectJob
{
    internal int Batch;
    internal int KernelHeight;
    internal int KernelWidth;

    /// <summary>Source row for each result row and kernel row; see <see cref="KernelMap"/>.</summary>
    internal int* RowMap;

    /// <summary>Source column for each result column and kernel column; see <see cref="KernelMap"/>.</summary>
    internal int* ColumnMap;

    internal float* Source;
    internal int SourceHeight;
    internal int SourceWidth;

    /// <summary>Number of channels of a source pixel, over all groups.</summary>
    internal int SourceChannels;

    /// <summary>Number of source channels summed by one group.</summary>
    internal int Depth;

    /// <summary>
    /// Indices, among the channels of the weights, of the channels stored in a source pixel; null: all channels are
    /// stored.
    /// </summary>
    internal int* Listed;

    internal float* Result;
    internal int ResultHeight;
    internal int ResultWidth;
    internal int ResultChannels;

    /// <summary>Number of result channels per group.</summary>
    internal int Columns;

    internal float* Weight;

    /// <summary>Weights of all groups packed for the tiles; null: <see cref="Weight"/> is packed at each run.</summary>
    internal float* Prepacked;
    internal int Groups;

    /// <summary>
    /// Whether weights are read as <c>[summed channel, result channel, kernel position]</c>, as in the input gradient,
    /// instead of <c>[result channel, summed channel, kernel position]</c>.
    /// </summary>
    internal bool IsBackward;

    internal float* Bias;
    internal float* Residual;
    internal bool Relu;
    internal bool GathersStatistics;

    // The following fields are set during the run.
    internal float* Packed;
    internal int Group;
    internal int RowsPerTask;

    /// <summary>Number of tasks per group of panels; each computes its own partial statistics.</summary>
    internal int PixelTasks;
    internal int PanelsPerTask;
    internal int ImageGroups;
    internal ChannelStatistics Statistics;

    /// <summary>Number of stored source channels that are summed.</summary>
    internal readonly int Summed => Listed == null ? Depth : SourceChannels;

    internal readonly int Positions => KernelHeight * KernelWidth;

    internal readonly long SourceImage => (long)SourceHeight * SourceWidth * SourceChannels;

    internal readonly long ResultImage => (long)ResultHeight * ResultWidth * ResultChannels;

    /// <summary>Allocates the memory of the partial statistics, if statistics are computed.</summary>
    internal void RentStatistics(int tasks)
    {
        if (GathersStatistics)
        {
            float* memory = Scratch.Rent(Scratch.Use.Partial, ChannelStatistics.Floats(tasks, ResultChannels));
            Statistics = new ChannelStatistics(memory, tasks, ResultChannels);
        }
    }

    /// <summary>Returns the memory of a task's partial statistics; null if statistics are not computed.</summary>
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
