namespace Temper.Parallelism.Simulation;

/// <summary>The accelerators that a step is simulated on.</summary>
public sealed record Machine
{
    /// <summary>What to call it.</summary>
    public required string Name { get; init; }

    /// <summary>How its accelerators are wired.</summary>
    public required Topology Topology { get; init; }

    /// <summary>Floating-point operations of an accelerator; a multiply-add is two.</summary>
    public double FlopsPerSecond { get; init; } = 84e9;

    /// <summary>Whether data move while accelerators compute.</summary>
    public bool Overlaps { get; init; }

    /// <summary>
    /// Time of a step beside computing and moving data, where ranks divide samples only: reading a batch, waking
    /// threads, agreeing on the loss.
    /// </summary>
    public double StepSeconds { get; init; }

    /// <summary>The same where a layer divides its kernel, so that each rank reads the whole batch.</summary>
    public double ShardedStepSeconds { get; init; }

    /// <summary>Bytes of a rank's gradients that are summed together; 0: those of each layer by themselves.</summary>
    public long BucketBytes { get; init; }

    /// <summary>
    /// For each accelerator its speed as a factor of <see cref="FlopsPerSecond"/>; empty: all 1. Shares of the work
    /// follow.
    /// </summary>
    public IReadOnlyList<double> Speeds { get; init; } = [];

    /// <summary>Energy of a multiply-add. The paper's 32-bit multiply and add: 3.7 and 0.9 pJ.</summary>
    public double JoulesPerMac { get; init; } = 4.6e-12;

    /// <summary>
    /// Energy of a byte that moves between accelerators. The paper gives 640 pJ for a word of DRAM; a byte fits Figure
    /// 7, so this is fitted.
    /// </summary>
    public double JoulesPerByte { get; init; } = 640e-12;

    /// <summary>
    /// The two-term model that reproduces the paper's Figure 6: 84 GFLOP/s an accelerator, and 0.25 GB/s that all
    /// share. Its constants were fitted once and are never tuned again.
    /// </summary>
    /// <param name="accelerators">Number of accelerators.</param>
    public static Machine Paper(int accelerators) =>
        new() { Name = "paper", Topology = Topology.Bus(accelerators, 0.25e9) };
}
