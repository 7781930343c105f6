using System.Text.Json.Nodes;
using Temper.Growth.Initializers;
using Temper.Growth.Limits;
using Temper.Growth.Policies;
using Temper.Optimization;

namespace Temper.Growth;

/// <summary>
/// How a network is grown: AutoGrow (arXiv:1906.02909) with its policies as options. One set of options is meant for
/// every data set and family.
/// </summary>
/// <remarks>
/// p-AutoGrow is an interval much shorter than the stopping policy's window; c-AutoGrow has both equal (<see
/// cref="Converged"/>).
/// </remarks>
public sealed record GrowthOptions : IFingerprinted
{
    /// <summary>Epochs between growths (K); one or more. 3 in the paper, 2 on ImageNet.</summary>
    public int Interval { get; init; } = 3;

    /// <summary>When to stop growing; its window is J.</summary>
    public StoppingPolicy Stopping { get; init; } = new AccuracyGain();

    /// <summary>Which stage grows next.</summary>
    public GrowingPolicy Growing { get; init; } = new RoundRobin();

    /// <summary>
    /// Initializer of new blocks; null: <see cref="GauInit"/> for residual blocks, <see cref="DefaultInit"/> for
    /// others.
    /// </summary>
    public BlockInitializer? Initializer { get; init; }

    /// <summary>
    /// Epochs of the final training (N), whose rate drops by 10 at one half and three quarters; one or more.
    /// </summary>
    public int FinishEpochs { get; init; } = 30;

    /// <summary>
    /// Whether the final training starts from the network of the last real gain, without trailing blocks that held-out
    /// samples do not miss. False, as in the paper: from the network as it is when growing ends, blocks that were added
    /// in the last J epochs included.
    /// </summary>
    public bool RollsBack { get; init; } = true;

    /// <summary>Held-out accuracy that leaving out trailing blocks may cost in all, 0 to 1.</summary>
    public double Tolerance { get; init; }

    /// <summary>Maximum number of blocks in a stage; 200 in the paper's code for CIFAR.</summary>
    public int MaxBlocks { get; init; } = 200;

    /// <summary>Maximum number of epochs of growing.</summary>
    public int MaxEpochs { get; init; } = 2000;

    /// <summary>What the network may cost.</summary>
    public GrowthLimits Limits { get; init; } = new();

    /// <summary>c-AutoGrow: networks converge between growths, K = J.</summary>
    /// <param name="epochs">T, the epochs that a usual training spends at its largest rate.</param>
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
        ["maxBlocks"] = MaxBlocks,
        ["maxEpochs"] = MaxEpochs,
        ["limits"] = Limits.Fingerprint(),
    };

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Interval, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(FinishEpochs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBlocks, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxEpochs, 1);
        if (!(Tolerance is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Tolerance), $"GrowthOptions: the tolerance is out of range (got {Tolerance}, expected 0 to 1)");
        }

        Stopping.Validate();
        Limits.Validate();
    }
}
