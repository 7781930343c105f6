using Temper.Cli.CommandLine;
using Temper.Networks;
using Temper.Randomness;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Reporting.Documents;
using Temper.Snooping.Attacks;
using Temper.Snooping.Defenses;
using Temper.Snooping.Evaluation;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;
using Temper.Tensors;
using Temper.Wording;

namespace Temper.Cli.Snooping;

/// <summary>Options of a snooping report: the victims, their environment, and how they are attacked.</summary>
internal sealed record SnoopingRunOptions
{
    internal required string Environment { get; init; }

    internal required EnvironmentOptions EnvironmentOptions { get; init; }

    internal required IReadOnlyList<Policy> Victims { get; init; }

    internal required int Episodes { get; init; }

    internal required ulong Seed { get; init; }

    internal required StackMode Mode { get; init; }

    internal required ChannelPrecision Precision { get; init; }

    /// <summary>Bits to which the rounding defense rounds observations.</summary>
    internal required int DefenseBits { get; init; }

    /// <summary>Detector that checks the observations after every attack; null: none.</summary>
    internal PerturbationDetector? Detector { get; init; }

    internal required TimeProvider Time { get; init; }

    internal CancellationToken Cancel { get; init; }
}

/// <summary>Plays the victims under one attack at a time.</summary>
internal sealed class SnoopingRun(SnoopingRunOptions options)
{
    /// <summary>Name of the row without an attack.</summary>
    internal const string CleanName = "none";

    private readonly RandomStream _random = RandomStream.FromSeed(options.Seed);

    /// <summary>The format of each victim's observation stream.</summary>
    internal IReadOnlyList<StreamInfo> Streams => field ??= [.. options.Victims.Select(StreamOf)];

    /// <summary>The format of a victim's observation stream.</summary>
    internal StreamInfo StreamOf(Policy victim) => SnoopingSettings.StreamOf(
        victim, victim.CreateEnvironment(options.Environment, options.EnvironmentOptions).Spec);

    /// <summary>Whether the rounding defense is possible for all victims.</summary>
    internal bool HasDefense => Streams.All(StreamBounds.AreKnown);

    /// <summary>
    /// Wraps the network of a victim or of another agent as a proxy, for an attacker with access to it. A final softmax
    /// is left out, because its gradients vanish where the agent is sure.
    /// </summary>
    internal Proxy Known(Policy policy, string name) => new()
    {
        Network = WithoutValue(policy.Network).WithoutFinalSoftmax(), Task = name, Goal = ProxyGoal.Classes,
        Stream = StreamOf(policy),
    };

    internal SnoopingRow Clean() =>
        Row(CleanName, new RandomSign { Epsilon = 0 }, _ => [], null) with { Baseline = Baseline.Clean };

    /// <summary>
    /// Wraps the network of an agent that plays another game as a proxy; its input is adapted to a victim's stacks.
    /// </summary>
    internal Proxy OfOtherGame(Policy agent, Policy victim) =>
        Proxy.OfOtherObservations(agent.Network, "other game", StreamOf(victim));

    /// <summary>Trains an adversary against each victim and plays it.</summary>
    /// <param name="epsilon">Largest change of each value.</param>
    /// <param name="steps">Environment steps of each training.</param>
    internal SnoopingRow Adversary(double epsilon, long steps)
    {
        AdversaryPlay[] played =
            [.. options.Victims.Select(victim =>
                new LearnedAdversary(options, victim, Known(victim, "victim")).Play(epsilon, steps))];
        IReadOnlyList<double>[] returns = [.. played.Select(victim => victim.Returns)];
        return new SnoopingRow
        {
            Attack = "learned adversary", Baseline = Baseline.LearnedAdversary, Epsilon = epsilon,
            MeanReturn = returns.Average(victim => victim.Average()),
            Interval = BootstrapInterval.Of(returns, _random.Split("interval")), Returns = returns,
            Episodes = returns.Sum(victim => victim.Count), ChosenFrames = epsilon > 0 ? 1 : 0,
            AttackedFrames = Part(played.Sum(victim => victim.Attacked), played.Sum(victim => victim.Frames)),
            IsNoOperation = IsNoOperation(GradientSign.Fgsm(epsilon) with { Precision = options.Precision }),
        };
    }

    /// <summary>The mean return of random play.</summary>
    internal double RandomReturn()
    {
        Policy victim = options.Victims[0];
        IEnvironment Create() => victim.CreateEnvironment(options.Environment, options.EnvironmentOptions);
        return EpisodePlayer.Play(RandomPolicy.For(Create()), Create, new PlayOptions
        {
            Episodes = options.Episodes, Seed = options.Seed, IsSampled = true, Cancel = options.Cancel,
        })
            .Average(episode => episode.Return);
    }

    /// <summary>Plays all victims under an attack.</summary>
    /// <param name="name">Name of the row.</param>
    /// <param name="attack">The attack; stack mode and precision are taken from the options of the run.</param>
    /// <param name="proxies">Returns the proxies used against a victim.</param>
    /// <param name="timing">Selects the frames to attack; null: all.</param>
    /// <param name="isDefended">Whether the agent uses the rounding defense.</param>
    internal SnoopingRow Row(
        string name, ObservationAttack attack, Func<Policy, IReadOnlyList<Proxy>> proxies, AttackTiming? timing,
        bool isDefended = false)
    {
        attack = attack with { Mode = options.Mode, Precision = options.Precision };
        var returns = new List<IReadOnlyList<double>>();
        (long frames, long chosen, long attacked, long alarms) = (0, 0, 0, 0);
        var milliseconds = new List<double>();
        foreach (Policy victim in options.Victims)
        {
            StreamInfo stream = StreamOf(victim);
            var attacker = new ObservationAttacker(attack, proxies(victim), stream, _random.Split(name), timing);
            var channel = new AttackingChannel(attacker, options.Time);
            DetectingChannel? detecting =
                options.Detector is { } detector ? new DetectingChannel(channel, detector.Fresh()) : null;
            IObservationChannel outer = detecting is not null && !isDefended
                ? detecting
                : isDefended
                ? new RoundingChannel(channel, options.DefenseBits, stream.Minimum, stream.Maximum)
                : channel;
            returns.Add([.. Play(victim, outer, options.Episodes, watch: null).Select(episode => episode.Return)]);
            (frames, chosen, attacked) =
                (frames + attacker.Frames, chosen + attacker.Chosen, attacked + attacker.Attacked);
            alarms += detecting?.Alarms ?? 0;
            milliseconds.AddRange(channel.Milliseconds);
        }

        return new SnoopingRow
        {
            Attack = name, Epsilon = attack.Epsilon,
            Defense = isDefended ? $"rounding to {Plural.Of(options.DefenseBits, "bit")}" : "",
            MeanReturn = returns.Average(victim => victim.Average()),
            Interval = BootstrapInterval.Of(returns, _random.Split("interval")),
            Returns = returns, Episodes = returns.Sum(victim => victim.Count),
            ChosenFrames = Part(chosen, frames), AttackedFrames = Part(attacked, frames),
            Alarms = options.Detector is null || isDefended ? double.NaN : (double)alarms / frames,
            MillisecondsPerFrame = AttackingChannel.Median(milliseconds), IsNoOperation = IsNoOperation(attack),
        };
    }

    private static double Part(long count, long all) => all > 0 ? (double)count / all : 0;

    private static bool IsNoOperation(ObservationAttack attack) => attack.Epsilon > 0 && attack.IsBelowPrecision;

    /// <summary>
    /// Plays the first victim's first episode under an attack and returns pictures of its observations. The episode is
    /// the same as the first one of the attack's row.
    /// </summary>
    /// <param name="title">Title of the section.</param>
    /// <param name="name">Name of the row, from which the attack's random numbers are derived.</param>
    /// <param name="attack">The attack; stack mode and precision are taken from the options of the run.</param>
    /// <param name="proxies">The proxies used.</param>
    internal Section Watch(string title, string name, ObservationAttack attack, IReadOnlyList<Proxy> proxies)
    {
        Policy victim = options.Victims[0];
        var recording = new PlayRecording();
        var attacker = new ObservationAttacker(attack with
        {
            Mode = options.Mode, Precision = options.Precision,
        }, proxies, StreamOf(victim), _random.Split(name));
        PlayedEpisode played =
            Play(victim, new AttackingChannel(attacker, options.Time), episodes: 1, recording.Record)[0];
        return recording.ToSection(
            title, $"return {played.Return:F2} in {Plural.Of(played.Steps, "step")}, as the agent saw it");
    }

    private IReadOnlyList<PlayedEpisode> Play(
        Policy victim, IObservationChannel channel, int episodes, Action<IEnvironment, ReadOnlyMemory<float>>? watch) =>
        EpisodePlayer.Play(
            victim, () => victim.CreateEnvironment(options.Environment, options.EnvironmentOptions), new PlayOptions
        {
            Episodes = episodes, Seed = options.Seed, Cancel = options.Cancel, Watch = watch,
            Channels = options.Mode == StackMode.PerFrame
                ? new ObservationChannels { Frame = channel }
                : new ObservationChannels { Stack = channel },
        });

    /// <summary>
    /// Removes all outputs but the first (the policy): an attacker does not need the value, and the pass is faster
    /// without it.
    /// </summary>
    private static Network WithoutValue(Network network) =>
        network.Outputs.Count > 1 ? network.WithOutputs(network.Outputs[0]) : network;
}
