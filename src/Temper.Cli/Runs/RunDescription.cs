using Temper.Data;
using Temper.Networks;

namespace Temper.Cli.Runs;

/// <summary>Command, network and data of a run.</summary>
/// <param name="Command">Name of the command.</param>
/// <param name="Network">The network as the user named it.</param>
/// <param name="Data">The data as the user named it; a dash: no data.</param>
internal sealed record RunDescription(string Command, string Network, string Data)
{
    /// <summary>Title of the report.</summary>
    internal string Title { get; init; } = $"{Network} on {Data}";

    /// <summary>
    /// The stored network that the run starts from; a resume is refused if it has other weights by then. Null: the run
    /// starts from a new network, or compares its result with none.
    /// </summary>
    internal Network? Start { get; init; }

    /// <summary>
    /// The network as it was opened; null: a new one. If it ends with a softmax, networks are trained without it and
    /// saved with it: whoever reads a saved network gets what the given one returned.
    /// </summary>
    internal Network? Given { get; init; }

    /// <summary>
    /// Splits off the validation samples; null: the fraction of the training samples given by <c>--validation</c>.
    /// </summary>
    internal Func<DataSets, DataSplit>? Split { get; init; }

    /// <summary>Whether the result has a test accuracy that <c>--fail-below</c> can check.</summary>
    internal bool HasAccuracy { get; init; } = true;

    /// <summary>
    /// Whether the command itself plans its work to finish within <c>--max-time</c>. If false, training is stopped with
    /// a checkpoint when the time is over.
    /// </summary>
    internal bool PlansTime { get; init; }
}
