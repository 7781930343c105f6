namespace Temper.Parallelism.Simulation;

/// <summary>The accelerators that a step is simulated on.</summary>
public sealed record Machine
{
    /// <summary>Name of the machine.</summary>
    public required string Name { get; init; }

    /// <summary>Links between the accelerators.</summary>
    public required Topology Topology { get; init; }

    /// <summary>Floating-point operations per second of an accelerator; a multiply-accumulate counts as two.</summary>
    public double FlopsPerSecond { get; init; } = 84e9;

    /// <summary>Whether communication overlaps with computation.</summary>
    public bool Overlaps { get; init; }

    /// <summary>
    /// Additional time per step in seconds if ranks divide only samples: reading a batch, waking threads, summing the
    /// loss.
    /// </summary>
    public double StepSeconds { get; init; }

    /// <summary>
    /// Additional time per step in seconds if a layer divides its kernel, so that each rank reads the whole batch.
    /// </summary>
    public double ShardedStepSeconds { get; init; }

    /// <summary>
    /// Size of a rank's gradient bucket in bytes; 0: the gradients of each layer are summed separately.
    /// </summary>
    public long BucketBytes { get; init; }

    /// <summary>
    /// Speed of each accelerator as a factor of <see cref="FlopsPerSecond"/>; empty: all 1. Accelerators get shares of
    /// the work according to their speed.
    /// </summary>
    public IReadOnlyList<double> Speeds { get; init; } = [];

    /// <summary>
    /// Energy of a multiply-accumulate in joules. The default is the paper's 32-bit multiplication (3.7 pJ) plus
    /// addition (0.9 pJ).
    /// </summary>
    public double JoulesPerMac { get; init; } = 4.6e-12;

    /// <summary>
    /// Energy per byte moved between accelerators, in joules. The default is fitted: the paper gives 640 pJ per DRAM
    /// word, but 640 pJ per byte matches its Figure 7.
    /// </summary>
    public double JoulesPerByte { get; init; } = 640e-12;

    /// <summary>
    /// Returns the two-term model that reproduces the paper's Figure 6: 84 GFLOP/s per accelerator, and 0.25 GB/s
    /// shared by all. Its constants were fitted once and are not tuned further.
    /// </summary>
    /// <param name="accelerators">Number of accelerators.</param>
    public static Machine Paper(int accelerators) =>
        new() { Name = "paper", Topology = Topology.Bus(accelerators, 0.25e9) };
}
