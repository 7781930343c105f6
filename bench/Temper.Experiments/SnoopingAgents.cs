using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;

namespace Temper.Experiments;

/// <summary>An agent of a snooping table.</summary>
/// <param name="Game">Name of the game.</param>
/// <param name="Method">Method of the training.</param>
/// <param name="Seed">Seed of the training.</param>
internal sealed record SnoopingAgent(string Game, string Method, ulong Seed)
{
    /// <summary>Defense that the agent is trained with; null: none.</summary>
    internal string? Defense { get; init; }

    /// <summary>Whether the agent is trained with other rules than the victims.</summary>
    internal bool HasOtherRules { get; init; }

    internal string Name => $"{Game}{(HasOtherRules ? "-other-rules" : "")}"
        + $"{(Defense is null ? "" : $"+{Defense}")}-{Method}-{Seed}";

    /// <summary>
    /// Options of the environment. Other rules are, in grid games, no sticky actions and all six actions; in pixel-pong,
    /// actions that last two game steps instead of four.
    /// </summary>
    internal EnvironmentOptions Options
    {
        get
        {
            int skip = AgentPresets.FrameSkipFor(Game);
            return !HasOtherRules ? new EnvironmentOptions { FrameSkip = skip }
                : skip > 1 ? new EnvironmentOptions { FrameSkip = skip / 2 }
                : new EnvironmentOptions { Sticky = 0, HasAllActions = true };
        }
    }
}

/// <summary>The agents of a snooping table, which are trained when they are first needed and stored.</summary>
internal sealed class SnoopingAgents(SnoopingScale scale, string folder)
{
    /// <summary>Returns another game whose agents attack the victims of a game.</summary>
    internal static string Related(string game) => game switch
    {
        "brick-break" => "treasure-dash",
        "treasure-dash" => "brick-break",
        "road-cross" => "alien-rows",
        "pixel-pong" => "pixel-brick-break",
        _ => "road-cross",
    };

    /// <summary>Loads an agent; trains it if it is not stored, continuing from checkpoints.</summary>
    internal Policy Get(SnoopingAgent agent)
    {
        string path = Path.Combine(folder, scale.AgentsName, agent.Name),
            file = Path.Combine(path, "agent.safetensors");
        if (File.Exists(file))
        {
            return PolicyFile.Load(file);
        }

        IEnvironment Create() => EnvironmentCatalog.Create(agent.Game, agent.Options);
        AgentTrainingOptions options = scale.Training(agent.Method, agent.Defense, Create().Spec, agent.Seed);
        using AgentTrainer trainer = AgentPresets.Trainer(Create, options);
        AgentRunResult result = AgentRun.Run(trainer, Create, new AgentRunOptions
        {
            EvaluationSeed = 3_000_000 + agent.Seed, Checkpoints = Path.Combine(path, "checkpoints"),
            Progress = (point, _) => Console.Error.WriteLine(
                $"{agent.Name}: step {point.Steps}, return {point.Evaluated:F2}"),
        });
        PolicyFile.Save(result.Best, file);
        return PolicyFile.Load(file);
    }
}
