namespace Temper.Inference;

/// <summary>One way to execute a layer.</summary>
/// <param name="Kernel">Name of the kernel, unique among the layer's candidates.</param>
/// <param name="Reads">Layout of the inputs.</param>
/// <param name="Writes">Layout of the output.</param>
/// <param name="Cost">Estimated cost, in multiply-accumulates of a dense kernel at full speed.</param>
/// <param name="Make">Packs the weights and creates the step.</param>
internal sealed record Candidate(string Kernel, ValueLayout Reads, ValueLayout Writes, double Cost, Func<Step> Make)
{
    /// <summary>
    /// Factor on the measured time that accounts for larger batches: only the smallest batch of a class is timed. Above
    /// 1 for kernels that process samples one by one, which gain nothing from a larger batch. Default: 1.
    /// </summary>
    internal double Growth { get; init; } = 1;

    /// <summary>
    /// Expected time divided by the time measured on noise, which has fewer zeros than the real input. Default: 1.
    /// </summary>
    internal double ShareOfNoise { get; init; } = 1;

    /// <summary>
    /// Whether the kernel may be selected by timing or by estimate; if false, only a kernel plan can select it.
    /// </summary>
    internal bool IsWorthTrying { get; init; } = true;

    /// <summary>Whether the kernel supports every batch size and gives the same bytes for a sample in each.</summary>
    internal bool IsBatchInvariant { get; init; } = true;

    /// <summary>
    /// Whether the time depends on zeros. Such a kernel must win by a clear margin, because timings are only accurate
    /// to a few percent.
    /// </summary>
    internal bool LeavesOutZeros { get; init; }
}
