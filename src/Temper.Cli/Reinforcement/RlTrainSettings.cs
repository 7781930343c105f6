using Temper.Cli.CommandLine;
using Temper.Cli.Runs;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Agents.Defenses;
using Temper.Reinforcement.Environments;

namespace Temper.Cli.Reinforcement;

/// <summary>Settings of agent training. Defaults depend on the environment.</summary>
internal static class RlTrainSettings
{
    private const string None = "none";

    internal static Setting<string> Agent { get; } =
        Setting.Choice("agent", "Method: ppo, a2c or dqn", "ppo", "ppo", "a2c", "dqn");

    internal static Setting<long?> Steps { get; } = Whole("steps", "Total number of steps, summed over all "
        + "environments; rounded up to whole updates");

    internal static Setting<long?> Environments { get; } = Whole("environments", "Number of environments stepped in "
        + "lockstep; the network runs on all of them as one batch");

    internal static Setting<double?> LearningRate { get; } =
        Setting.OptionalNumber(
            "learning-rate", "Initial learning rate; default depends on the environment", aliases: "--lr");

    internal static Setting<double?> Gamma { get; } = Setting.OptionalNumber("gamma", "Discount factor, 0 to 1; "
        + "default depends on the environment", maximum: 1);

    internal static Setting<long?> Horizon { get; } =
        Whole("horizon", "ppo, a2c: steps per environment between updates");

    internal static Setting<long?> Passes { get; } =
        Whole("passes", "ppo, a2c: passes over the collected experience per update");

    internal static Setting<long?> Minibatches { get; } =
        Whole("minibatches", "ppo, a2c: minibatches per pass, one gradient step each");

    internal static Setting<double?> Lambda { get; } =
        Setting.OptionalNumber("lambda", "ppo, a2c: lambda of generalized advantage estimation (GAE), 0 to 1; "
            + "default depends on the environment", maximum: 1);

    internal static Setting<double?> Clip { get; } =
        Setting.OptionalNumber("clip", "ppo: clip range of the probability ratio, such as 0.2; default depends on "
            + "the environment");

    internal static Setting<double?> Entropy { get; } =
        Setting.OptionalNumber("entropy", "ppo, a2c: weight of the entropy bonus in the loss; default depends on "
            + "the environment");

    internal static Setting<string> Defense { get; } = Setting.Choice(
        "defense", "ppo, a2c: training against perturbed observations: none, noise, adversarial, smooth "
            + "(state-adversarial regularizer) or interval (the same regularizer with interval bounds)", None,
            [None, .. PolicyDefense.Names]).AlsoCalled("--defence");

    internal static Setting<double> DefenseEpsilon { get; } =
        Setting.Number("defense-epsilon", "Perturbation radius that the defense trains for, in units of the "
            + "observation", defaultValue: 0.05).AlsoCalled("--defence-epsilon");

    internal static Setting<double?> DefenseStrength { get; } = Setting.OptionalNumber(
        "defense-strength", "smooth, interval: weight of the regularizer; when not given, the defense's default",
        aliases: "--defence-strength");

    internal static Setting<long?> ReturnSteps { get; } = Whole("return-steps", "dqn: number of steps n of the "
        + "n-step returns");

    internal static Setting<bool> Dueling { get; } =
        Setting.Switch("dueling", "dqn: dueling network (state value and advantages computed separately)");

    internal static Setting<bool> Single { get; } = Setting.Switch("single", "dqn: plain DQN instead of double DQN");

    internal static Setting<int[]?> Hidden { get; } =
        Layers("hidden", "Widths of the network's layers, such as 128 or 256,256");

    internal static Setting<int[]?> Convolutions { get; } =
        Layers("convolutions", "Channels of the network's convolutions, such as 16; none: no convolution");

    internal static Setting<int> EvaluateEvery { get; } = Setting.Integer(
        "evaluate-every", "Steps between evaluations; 0 = a twentieth of all steps", defaultValue: 0, minimum: 0);

    internal static Setting<int> EvaluationEpisodes { get; } =
        Setting.Integer("evaluation-episodes", "Episodes per evaluation during training", defaultValue: 20);

    internal static Setting<int> FinalEpisodes { get; } =
        Setting.Integer("episodes", "Episodes of the final evaluation, with new seeds", defaultValue: 100);

    internal static Setting<double?> Until { get; } =
        Setting.OptionalNumber("until", "Stop when an evaluation reaches this mean return", minimum: double.MinValue);

    internal static Setting<string?> Output { get; } = Setting.Output("output", "Write a copy of the agent to "
        + "this file", OutputKind.File);

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Agent, Steps, Environments, LearningRate, Gamma, Horizon, Passes, Minibatches, Lambda, Clip, Entropy, Defense,
        DefenseEpsilon, DefenseStrength, ReturnSteps, Dueling, Single,
        Hidden, Convolutions, EvaluateEvery, EvaluationEpisodes, FinalEpisodes, Until, Output,
    ];

    /// <summary>The training options: the defaults for the environment, overridden by the settings given.</summary>
    internal static AgentTrainingOptions Options(CommandContext context, EnvironmentSpec spec)
    {
        AgentTrainingOptions options = AgentPresets.For(context.Get(Agent), spec, context.Get(RunSettings.Seed));
        options = options with
        {
            Steps = context.Get(Steps) ?? options.Steps,
            Environments = (int?)context.Get(Environments) ?? options.Environments,
            LearningRate = (float?)context.Get(LearningRate) ?? options.LearningRate,
            Gamma = (float?)context.Get(Gamma) ?? options.Gamma,
            Network = Network(context, spec),
        };
        return options switch
        {
            OnPolicyOptions ppo => Checked(context, ppo with
            {
                Horizon = (int?)context.Get(Horizon) ?? ppo.Horizon,
                Epochs = (int?)context.Get(Passes) ?? ppo.Epochs,
                Minibatches = (int?)context.Get(Minibatches) ?? ppo.Minibatches,
                Lambda = (float?)context.Get(Lambda) ?? ppo.Lambda,
                Clip = (float?)context.Get(Clip) ?? ppo.Clip,
                EntropyWeight = (float?)context.Get(Entropy) ?? ppo.EntropyWeight,
                Defense = DefenseOf(context, spec, ppo.NormalizesObservations),
            }, (ReturnSteps, context.Get(ReturnSteps) is not null), (Dueling, context.Get(Dueling)),
            (Single, context.Get(Single)), (Clip, context.Get(Agent) is "a2c" && context.Get(Clip) is not null)),
            DqnOptions dqn => Checked(context, dqn with
            {
                NSteps = (int?)context.Get(ReturnSteps) ?? dqn.NSteps, IsDouble = !context.Get(Single),
            }, [.. new Setting[]
            {
                Horizon, Passes, Minibatches, Lambda, Clip, Entropy, Defense, DefenseEpsilon, DefenseStrength,
            }.Select(setting => (setting, context.Values.IsGiven(setting)))]),
            _ => options,
        };
    }

    private static PolicyDefense? DefenseOf(CommandContext context, EnvironmentSpec spec, bool isNormalized)
    {
        string name = context.Get(Defense);
        if (name is not None)
        {
            RequireDefensible(context, spec, isNormalized);
            return PolicyDefense.Create(name, (float)context.Get(DefenseEpsilon), (float?)context.Get(DefenseStrength));
        }

        return context.Values.IsGiven(DefenseEpsilon) || context.Get(DefenseStrength) is not null
            ? throw ToolException.Usage($"rl train: {DefenseEpsilon.Flag} and {DefenseStrength.Flag} apply only to a "
                + $"defense; choose one with {Defense.Flag}")
            : null;
    }

    /// <summary>Throws a usage error if no defense is possible for the training.</summary>
    private static void RequireDefensible(CommandContext context, EnvironmentSpec spec, bool isNormalized)
    {
        if (!spec.Actions.IsDiscrete)
        {
            throw ToolException.Usage($"rl train: {Defense.Flag} needs discrete actions (got continuous actions in "
                + $"{spec.Name}); leave it out");
        }

        if (isNormalized)
        {
            throw ToolException.Usage($"rl train: {Defense.Flag} cannot be used with {context.Get(Agent)} in "
                + $"{spec.Name}, because observations are normalized there and {DefenseEpsilon.Flag} is in units of "
                + $"the raw observations; use {Agent.Flag} a2c, or leave it out");
        }
    }

    /// <summary>Throws if a setting of another method is given, which would be ignored.</summary>
    private static AgentTrainingOptions Checked(
        CommandContext context, AgentTrainingOptions options, params (Setting Setting, bool IsSet)[] foreign) =>
        foreign.FirstOrDefault(one => one.IsSet).Setting is { } other
            ? throw ToolException.Usage($"rl train: {other.Flag} does not apply to {context.Get(Agent)}; leave it out")
            : options;

    private static AgentNetwork? Network(CommandContext context, EnvironmentSpec spec)
    {
        AgentNetwork defaults = AgentNetwork.For(spec);
        int[]? convolutions = context.Get(Convolutions);
        if (convolutions is { Length: > 0 } && spec.ObservationShape.Rank != 3)
        {
            throw ToolException.Usage($"rl train: {Convolutions.Flag} needs a grid or pictures (got observations "
                + $"{spec.ObservationShape} of {spec.Name})");
        }

        return defaults with
        {
            Hidden = context.Get(Hidden) ?? defaults.Hidden, Convolutions = convolutions ?? defaults.Convolutions,
            IsDueling = context.Get(Dueling),
        };
    }

    private static Setting<int[]?> Layers(string name, string help) =>
        new(name, help, null, text => text is "none" ? [] : NumberLists.Integers(text, 1)) { Separator = ',' };

    private static Setting<long?> Whole(string name, string help) =>
        new(name, $"{help}; default depends on the environment", null, text =>
        long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out long value)
            && value is > 0 and <= int.MaxValue
            ? value
            : throw new FormatException("a whole number of at least 1"));
}
