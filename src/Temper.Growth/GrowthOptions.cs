using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Growth.Initializers;
using Temper.Growth.Limits;
using Temper.Growth.Policies;
using Temper.Optimization;

namespace Temper.Growth;

/// <summary>
/// Options of AutoGrow (arXiv:1906.02909), including its policies. The defaults are meant to suit all data sets and
/// network families.
/// </summary>
/// <remarks>
/// In p-AutoGrow the interval is much shorter than the stopping policy's window; in c-AutoGrow both are equal (<see
/// cref="Converged"/>).
/// </remarks>
public sealed record GrowthOptions : IFingerprinted
{
    /// <summary>Epochs between growths (K); 1 or more. The paper uses 3, and 2 for ImageNet.</summary>
    public int Interval { get; init; } = 3;

    /// <summary>When to stop growing; its <see cref="StoppingPolicy.Window"/> is J in the paper.</summary>
    public StoppingPolicy Stopping { get; init; } = new AccuracyGain();

    /// <summary>Which stage grows next.</summary>
    public GrowingPolicy Growing { get; init; } = new RoundRobin();

    /// <summary>
    /// Initializer of new blocks; null: <see cref="GauInit"/> for residual blocks with batch normalization,
    /// <see cref="ZeroInit"/> for other residual blocks, <see cref="DefaultInit"/> for plain ones.
    /// </summary>
    public BlockInitializer? Initializer { get; init; }

    /// <summary>
    /// Number of epochs of the final training (N); 1 or more. The learning rate is divided by 10 at one half and at
    /// three quarters.
    /// </summary>
    public int FinishEpochs { get; init; } = 30;

    /// <summary>
    /// Whether the final training starts from the network at the last gain, with trailing blocks removed if held-out
    /// accuracy does not fall by more than <see cref="Tolerance"/>. False, as in the paper: it starts from the network
    /// at the end of growth, including blocks added in the last J epochs.
    /// </summary>
    public bool RollsBack { get; init; } = true;

    /// <summary>Largest total loss of held-out accuracy accepted when trailing blocks are removed, 0 to 1.</summary>
    public double Tolerance { get; init; }

    /// <summary>
    /// With <see cref="RollsBack"/>: number of epochs of each repair, at a tenth of the learning rate. After roll-back,
    /// further blocks are removed in reverse order of growth, as many as the network can do without. Bisection finds
    /// their number: after its repair, a network must be as accurate on held-out samples as the network that keeps
    /// all blocks, after the same training. 0: no further blocks are removed. Not part of the paper.
    /// </summary>
    public int RepairEpochs { get; init; } = 2;

    /// <summary>Maximum number of blocks in a stage; the paper's CIFAR code uses 200.</summary>
    public int MaxBlocks { get; init; } = 200;

    /// <summary>Maximum number of epochs of growth.</summary>
    public int MaxEpochs { get; init; } = 2000;

    /// <summary>Limits on the cost of the network and the time.</summary>
    public GrowthLimits Limits { get; init; } = new();

    /// <summary>Returns the options of c-AutoGrow: the network converges between growths (K = J).</summary>
    /// <param name="epochs">
    /// Interval and window: the number of epochs that a usual training spends at its largest learning rate (T).
    /// </param>
    public GrowthOptions Converged(int epochs) =>
        this with { Interval = epochs, Stopping = Stopping with { Window = epochs } };

    /// <inheritdoc/>
    public JsonNode Fingerprint() => new JsonObject
    {
        ["interval"] = Interval,
        ["stopping"] = Stopping.Fingerprint(),
        ["growing"] = Growing.Fingerprint(),
        ["initializer"] = Initializer?.Fingerprint(),
        ["finishEpochs"] = FinishEpochs,
        ["rollsBack"] = RollsBack,
        ["tolerance"] = Tolerance,
        ["repairEpochs"] = RepairEpochs,
        ["maxBlocks"] = MaxBlocks,
        ["maxEpochs"] = MaxEpochs,
        ["limits"] = Limits.Fingerprint(),
    };

    /// <summary>Maximum number of epochs of all repairs.</summary>
    /// <param name="added">Number of blocks that growth added.</param>
    internal int MaxRepairEpochs(int added) => RollsBack ? RepairEpochs * Shortening.MaxTrials(added) : 0;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Interval, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(FinishEpochs, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(RepairEpochs);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBlocks, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxEpochs, 1);
        if (!(Tolerance is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Tolerance), string.Create(
                CultureInfo.InvariantCulture,
                $"GrowthOptions: the tolerance is out of range (got {Tolerance}, expected 0 to 1)"));
        }

        Stopping.Validate();
        Limits.Validate();
    }
}
