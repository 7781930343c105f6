using Temper.Data;

namespace Temper.Cli.Runs;

/// <summary>What a run is about.</summary>
/// <param name="Command">The command.</param>
/// <param name="Network">The network as the user named it.</param>
/// <param name="Data">The data as the user named it; a dash where there is none.</param>
internal sealed record RunDescription(string Command, string Network, string Data)
{
    /// <summary>The report's headline.</summary>
    internal string Title { get; init; } = $"{Network} on {Data}";

    /// <summary>Which samples choose; null: the part of the training samples that <c>--validation</c> says.</summary>
    internal Func<DataSets, DataSplit>? Split { get; init; }

    /// <summary>Whether the result has a test accuracy, for <c>--fail-below</c>.</summary>
    internal bool HasAccuracy { get; init; } = true;

    /// <summary>
    /// Whether the command keeps to <c>--max-time</c> by planning, so that a result is there in time; else training is
    /// stopped with a checkpoint.
    /// </summary>
    internal bool PlansTime { get; init; }
}
