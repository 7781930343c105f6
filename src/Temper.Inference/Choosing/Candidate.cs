namespace Temper.Inference;

/// <summary>One way to carry out a layer.</summary>
/// <param name="Kernel">Its name, unique among those of the layer.</param>
/// <param name="Reads">In which order it reads its inputs.</param>
/// <param name="Writes">In which order it writes its result.</param>
/// <param name="Cost">What it is thought to cost, in multiplications of a dense kernel at full speed.</param>
/// <param name="Make">Packs the weights.</param>
internal sealed record Candidate(string Kernel, ValueLayout Reads, ValueLayout Writes, double Cost, Func<Step> Make)
{
    /// <summary>
    /// How much more than others it takes for the largest batch of a class than for the smallest, which is the one that
    /// is timed: above 1 for kernels that do each sample by itself beside others that read their weights once for all.
    /// </summary>
    internal double Growth { get; init; } = 1;

    /// <summary>
    /// What it is expected to take beside what it takes on noise, which has fewer zeros than its input.
    /// </summary>
    internal double ShareOfNoise { get; init; } = 1;

    /// <summary>Whether it may be chosen by time or estimate; if not, only a plan can name it.</summary>
    internal bool IsWorthTrying { get; init; } = true;

    /// <summary>Whether it carries out any batch, and a sample's bytes are the same in each.</summary>
    internal bool IsBatchInvariant { get; init; } = true;

    /// <summary>
    /// Whether what it takes depends on zeros: it then has to win clearly, since timing errs by some percent.
    /// </summary>
    internal bool LeavesOutZeros { get; init; }
}
