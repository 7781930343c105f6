using Temper.Reinforcement.Agents;

namespace Temper.Cli.Snooping;

/// <summary>
/// Agents that an attacker trained independently of the victims; a missing one omits its row.
/// </summary>
internal sealed record OtherAgents
{
    /// <summary>Trained in the victims' environment with the same method; null: none.</summary>
    internal Policy? SameMethod { get; init; }

    /// <summary>Trained in the victims' environment with another method; null: none.</summary>
    internal Policy? OtherMethod { get; init; }

    /// <summary>Trained in the victims' environment with other rules; null: none.</summary>
    internal Policy? OtherRules { get; init; }

    /// <summary>Trained in another environment; null: none.</summary>
    internal Policy? OtherGame { get; init; }
}
