using System.Globalization;

namespace Temper.Parallelism.Simulation;

/// <summary>The accelerators that a step is simulated on.</summary>
public sealed record Machine
{
    /// <summary>Name of the machine.</summary>
    public required string Name { get; init; }

    /// <summary>Links between the accelerators.</summary>
    public required Topology Topology { get; init; }

    /// <summary>
    /// Floating-point operations per second of an accelerator, above 0; a multiply-accumulate counts as two.
    /// </summary>
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
    /// Speed of each accelerator as a factor of <see cref="FlopsPerSecond"/>, above 0; empty: all 1. Accelerators get
    /// shares of the work according to their speed.
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
    /// <param name="accelerators">Number of accelerators, 1 to 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is outside this range.</exception>
    public static Machine Paper(int accelerators) =>
        new() { Name = "paper", Topology = Topology.Bus(accelerators, 0.25e9) };

    /// <summary>Throws if a number is out of range: it would give a plausible time that means nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    internal void Validate()
    {
        RequireAboveZero(FlopsPerSecond, nameof(FlopsPerSecond));
        foreach (double speed in Speeds)
        {
            RequireAboveZero(speed, nameof(Speeds));
        }

        RequireZeroOrMore(StepSeconds, nameof(StepSeconds));
        RequireZeroOrMore(ShardedStepSeconds, nameof(ShardedStepSeconds));
        RequireZeroOrMore(BucketBytes, nameof(BucketBytes));
        RequireZeroOrMore(JoulesPerMac, nameof(JoulesPerMac));
        RequireZeroOrMore(JoulesPerByte, nameof(JoulesPerByte));
    }

    private static void RequireAboveZero(double value, string property) =>
        Require(value is > 0 and < double.PositiveInfinity, value, property, "a finite number above 0");

    private static void RequireZeroOrMore(double value, string property) =>
        Require(value is >= 0 and < double.PositiveInfinity, value, property, "a finite number of at least 0");

    private static void Require(bool isPossible, double value, string property, string expected)
    {
        if (!isPossible)
        {
            throw new ArgumentOutOfRangeException(property, string.Create(
                CultureInfo.InvariantCulture,
                $"machine: {property} is out of range (got {value}, expected {expected})"));
        }
    }
}
