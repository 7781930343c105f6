using System.Globalization;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Agents.Defenses;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Proxies;

namespace Temper.Experiments;

/// <summary>Scale of a snooping table; fixed before results are known.</summary>
internal sealed record SnoopingScale
{
    internal const string Usage =
        "usage: snooping FOLDER [games=brick-break,road-cross,alien-rows rows=GAME,GAME+DEFENSE,... victims=5 "
        + "method=ppo steps=0 hidden=0 othermethod=dqn othersteps=0 defenseepsilon=0.05 recorded=10000 passes=10 "
        + "proxies=action-imitator,latent-imitator,value-assessor,future-predictor attacks=fgsm "
        + "epsilons=0.02,0.05,0.1 episodes=100 timing=0.25 channel=float32 bits=1 "
        + "adversary=200000]; only the rows in rows= are run, "
        + "other games print not run; proxies=none: the "
        + "baselines and the agents of related tasks alone; steps=0: default of the game; adversary=0: no such row";

    internal required string[] Games { get; init; }

    internal required int Victims { get; init; }

    internal required string Method { get; init; }

    /// <summary>Training steps of a victim; 0: the default of the game.</summary>
    internal required long Steps { get; init; }

    /// <summary>
    /// Width of a victim's single hidden layer, without convolutions; 0: the default network of the game.
    /// </summary>
    internal required int Hidden { get; init; }

    internal required string OtherMethod { get; init; }

    internal required long OtherSteps { get; init; }

    internal required double DefenseEpsilon { get; init; }

    internal required int Recorded { get; init; }

    internal required int Passes { get; init; }

    internal required string[] Proxies { get; init; }

    internal required string[] Attacks { get; init; }

    internal required double[] Epsilons { get; init; }

    internal required int Episodes { get; init; }

    /// <summary>Fraction of the frames that timed attacks change; 0: no timed attacks.</summary>
    internal required double Timing { get; init; }

    internal required ChannelPrecision Channel { get; init; }

    /// <summary>Bits of the rounding defense.</summary>
    internal required int Bits { get; init; }

    /// <summary>Training steps of the learned adversary; 0: no such row.</summary>
    internal required long Adversary { get; init; }

    /// <summary>Folder name of the agents, distinct for each setting of their training.</summary>
    internal string AgentsName => Text($"agents-{Steps}-{Hidden}-{OtherSteps}-{DefenseEpsilon}");

    /// <summary>Folder name of the cells, distinct for each scale; the number of victims is not included.</summary>
    internal string Name =>
        Text($"{AgentsName[7..]}-{Method}-{OtherMethod}-{Recorded}x{Passes}-{string.Join('+', Proxies)}-")
        + Text($"{string.Join('+', Attacks)}-{string.Join('+', Epsilons.Select(e => Text($"{e}")))}-")
        + Text($"{Episodes}-{Timing}-{Channel}-{Bits}-{Adversary}");

    internal string Described =>
        Text($"{Victims} victims per game ({Method}, {(Steps == 0 ? "default steps" : Text($"{Steps} steps"))}")
        + Text($"{(Hidden == 0 ? "" : Text($", one hidden layer of {Hidden}"))}), {Recorded} recorded steps, ")
        + Text($"proxies trained for {Passes} epochs, {Episodes} episodes per victim and row, channel {Channel}, ")
        + Text($"rounding to {Bits} bits, adversaries trained for {Adversary} steps");

    internal static SnoopingScale Read(TableArguments given) => new()
    {
        Games = given.List("games", "brick-break,road-cross,alien-rows"), Victims = given.Count("victims", 5),
        Method = given.Text("method", "ppo"), Steps = given.Count("steps", 0), Hidden = given.Count("hidden", 0),
        OtherMethod = given.Text("othermethod", "dqn"), OtherSteps = given.Count("othersteps", 0),
        DefenseEpsilon = given.Real("defenseepsilon", 0.05), Recorded = given.Count("recorded", 10_000),
        Passes = given.Count("passes", 10),
        Proxies = given.List("proxies", "action-imitator,latent-imitator,value-assessor,future-predictor") is ["none"]
            ? []
            : given.List("proxies", "action-imitator,latent-imitator,value-assessor,future-predictor"),
        Attacks = given.List("attacks", "fgsm"), Epsilons = given.Reals("epsilons", "0.02,0.05,0.1"),
        Episodes = given.Count("episodes", 100), Timing = given.Real("timing", 0.25),
        Channel =
            given.Choice("channel", "float32", "uint8") is "uint8" ? ChannelPrecision.UInt8 : ChannelPrecision.Float32,
        Bits = given.Count("bits", 1), Adversary = given.Count("adversary", 200_000),
    };

    /// <summary>Returns the training options of an agent.</summary>
    internal AgentTrainingOptions Training(string method, string? defense, EnvironmentSpec spec, ulong seed)
    {
        AgentTrainingOptions options = AgentPresets.For(method, spec, seed);
        long steps = string.Equals(method, OtherMethod, StringComparison.Ordinal) ? OtherSteps : Steps;
        options = options with
        {
            Steps = steps > 0 ? steps : options.Steps,
            Network =
                Hidden > 0 ? AgentNetwork.For(spec) with { Convolutions = [], Hidden = [Hidden] } : options.Network,
        };
        return defense is null ? options
            : options is OnPolicyOptions ppo ? ppo with
            {
                Defense = PolicyDefense.Create(defense, (float)DefenseEpsilon),
            }
            : throw new ArgumentException(
                $"snooping: {method} cannot be trained with a defense (got {defense}); use ppo or a2c");
    }

    /// <summary>Returns the training options of a proxy.</summary>
    internal ProxyOptions Proxy(ulong seed) => new() { Seed = seed, Epochs = Passes };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
