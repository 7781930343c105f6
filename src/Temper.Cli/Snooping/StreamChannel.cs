using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Defenses;
using Temper.Snooping.Logs;

namespace Temper.Cli.Snooping;

/// <summary>Puts an eavesdropper into an environment's channel. The two projects do not know each other.</summary>
/// <param name="recorder">Keeps what is heard.</param>
/// <param name="full">Called when no more is kept.</param>
internal sealed class RecordingChannel(SnoopRecorder recorder, Action full) : IObservationChannel
{
    public void Observe(int slot, Span<float> observation, EpisodePosition place)
    {
        if (place != EpisodePosition.Last)
        {
            recorder.Observe(observation, place == EpisodePosition.First);
        }
    }

    public void Act(int slot, AgentAction action, StepOutcome outcome)
    {
        recorder.Act(action.Index, outcome.Reward);
        if (recorder.IsFull)
        {
            full();
        }
    }
}

/// <summary>Puts an attacker into an environment's channel, and measures how long it takes.</summary>
internal sealed class AttackingChannel(ObservationAttacker attacker, TimeProvider time) : IObservationChannel
{
    private const int MostKept = 4096;
    private readonly double[] _milliseconds = new double[MostKept];

    /// <summary>How long the last frames took that were attacked, in no order.</summary>
    internal ReadOnlySpan<double> Milliseconds => _milliseconds.AsSpan(0, (int)Math.Min(MostKept, attacker.Attacked));

    public void Observe(int slot, Span<float> observation, EpisodePosition place)
    {
        if (place == EpisodePosition.Last)
        {
            return;
        }

        long start = time.GetTimestamp(), attacked = attacker.Attacked;
        attacker.Perturb(slot, observation, place == EpisodePosition.First);
        if (attacker.Attacked > attacked)
        {
            _milliseconds[attacked % MostKept] = time.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    /// <summary>The median: the first frame, which compiles, and what other programs take away do not count.</summary>
    internal static double Median(List<double> milliseconds)
    {
        milliseconds.Sort();
        return milliseconds.Count > 0 ? milliseconds[milliseconds.Count / 2] : double.NaN;
    }

    public void Act(int slot, AgentAction action, StepOutcome outcome)
    {
        // An attacker of observations has no use for actions and rewards.
    }
}

/// <summary>Counts a detector's alarms behind another channel.</summary>
internal sealed class DetectingChannel(IObservationChannel inner, PerturbationDetector detector) : IObservationChannel
{
    internal long Alarms { get; private set; }

    public void Observe(int slot, Span<float> observation, EpisodePosition place)
    {
        inner.Observe(slot, observation, place);
        if (place != EpisodePosition.Last && detector.Alarms(slot, observation, place == EpisodePosition.First))
        {
            Alarms++;
        }
    }

    public void Act(int slot, AgentAction action, StepOutcome outcome) => inner.Act(slot, action, outcome);
}

/// <summary>Rounds what passes to a few levels, as a defense of the agent, behind another channel.</summary>
internal sealed class RoundingChannel(IObservationChannel inner, int bits, float minimum, float maximum)
    : IObservationChannel
{
    private readonly float _levels = (1 << bits) - 1;

    public void Observe(int slot, Span<float> observation, EpisodePosition place)
    {
        inner.Observe(slot, observation, place);
        foreach (ref float value in observation)
        {
            float part = (Math.Clamp(value, minimum, maximum) - minimum) / (maximum - minimum);
            value = minimum + (MathF.Round(part * _levels) / _levels * (maximum - minimum));
        }
    }

    public void Act(int slot, AgentAction action, StepOutcome outcome) => inner.Act(slot, action, outcome);
}
