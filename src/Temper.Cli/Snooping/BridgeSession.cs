using Temper.Cli.CommandLine;
using Temper.Randomness;
using Temper.Reinforcement.Bridges;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.Cli.Snooping;

/// <summary>What a bridge records and how it attacks.</summary>
internal sealed record BridgeSessionOptions
{
    /// <summary>Threat model: the signals to record; null: no recording.</summary>
    internal ThreatModel? Recorded { get; init; }

    /// <summary>Number of steps to record.</summary>
    internal int Steps { get; init; } = 10_000;

    /// <summary>Attack on the observations; null: none.</summary>
    internal ObservationAttack? Attack { get; init; }

    /// <summary>Proxies that the attack uses.</summary>
    internal IReadOnlyList<Proxy> Proxies { get; init; } = [];

    /// <summary>Bounds of the observations of an environment that does not give them.</summary>
    internal (float Minimum, float Maximum) Bounds { get; init; } = (float.NegativeInfinity, float.PositiveInfinity);

    internal ulong Seed { get; init; } = 1;

    internal TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Recordings and attacks of one run of a bridge.</summary>
internal sealed class BridgeSession
{
    private readonly BridgeSessionOptions _options;
    private EpisodeRecorder? _recorder;
    private ObservationAttacker? _attacker;
    private AttackingChannel? _attacking;
    private string? _failure;

    internal BridgeSession(BridgeSessionOptions options)
    {
        _options = options;
        Tap = new BridgeTap(Open);
    }

    /// <summary>The tap of the relay.</summary>
    internal BridgeTap Tap { get; }

    /// <summary>Completes when the session needs no more messages, and a connection has been closed since.</summary>
    internal Task Ended => Tap.Finished;

    /// <summary>Number of observations that the attack changed.</summary>
    internal long Attacked => _attacker?.Attacked ?? 0;

    /// <summary>Median time of the attack per observation; NaN: it was applied to none.</summary>
    internal double MillisecondsPerFrame =>
        AttackingChannel.Median(_attacking is null ? [] : [.. _attacking.Milliseconds]);

    /// <summary>Returns the recorded steps, after the relay has ended; null: nothing was to be recorded.</summary>
    /// <exception cref="ToolException">
    /// The settings do not fit the stream, or there was nothing to record or to attack.
    /// </exception>
    internal IStateLog? Result()
    {
        if (_failure is not null)
        {
            throw ToolException.Usage(_failure);
        }

        if (_options.Recorded is not null)
        {
            return _recorder?.ToLog() is { Count: > 0 } log ? log : throw new ToolException(
                ExitCode.Missing, "rl bridge: no messages arrived, so no log was written; check that the agent "
                    + "connects to the bridge");
        }

        return Tap.Observations > 0 ? null : throw new ToolException(
            ExitCode.Missing, "rl bridge: no observations arrived, so nothing was attacked; check that the agent "
                + "connects to the bridge");
    }

    private BridgeChannel Open(EnvironmentSpec spec)
    {
        try
        {
            return Create(spec);
        }
        catch (Exception error) when (error is ArgumentException or ToolException)
        {
            // All streams of a bridge have the same format, so the settings fit none of them.
            _failure = error is ToolException ? error.Message : $"rl bridge: {Failure.Of(error).Message}";
            Tap.Finish();
            throw new BridgeException(_failure, error);
        }
    }

    private BridgeChannel Create(EnvironmentSpec spec)
    {
        (float minimum, float maximum) = float.IsFinite(spec.Minimum) ? (spec.Minimum, spec.Maximum) : _options.Bounds;
        int frames = _options.Proxies is [var first, ..] ? first.Stream.Frames : spec.Frames;
        var stream = new StreamInfo(spec.ObservationShape, frames, minimum, maximum, spec.Actions.Count, spec.Name);
        if (_options.Recorded is { } threat)
        {
            _recorder = spec.Actions.IsDiscrete || !threat.HasActions()
                ? new EpisodeRecorder(stream, threat, _options.Steps, Complete)
                : throw ToolException.Usage("rl bridge: continuous actions cannot be recorded; use --threat s or sr");
        }

        if (_options.Attack is { } attack)
        {
            RequireBounds(attack, stream);
            _attacker = new ObservationAttacker(attack, _options.Proxies, stream, RandomStream.FromSeed(_options.Seed));
            _attacking = new AttackingChannel(_attacker, _options.Time);
        }

        return new BridgeChannel(_recorder, _attacking);
    }

    /// <summary>Called when all steps are recorded.</summary>
    private void Complete()
    {
        // A bridge that only records is done; a bridge that attacks continues.
        if (_options.Attack is null)
        {
            Tap.Finish();
        }
    }

    private static void RequireBounds(ObservationAttack attack, StreamInfo stream)
    {
        if (attack.Precision == ChannelPrecision.UInt8 && !StreamBounds.FitBytes(stream))
        {
            throw ToolException.Usage("rl bridge: --precision uint8 needs observations from 0 to 1 (got "
                + $"{StreamBounds.Text(stream)}); give {(StreamBounds.AreKnown(stream) ? "" : "--bounds 0,1 or ")}"
                + "--precision float32");
        }

        if (attack is GuidedFrame && !StreamBounds.AreKnown(stream))
        {
            throw ToolException.Usage($"rl bridge: {attack.Name} needs observations with bounds (got no bounds); give "
                + "--bounds, such as 0,1, or use another attack");
        }
    }
}
