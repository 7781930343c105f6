using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Defenses;
using Temper.Snooping.Logs;

namespace Temper.Cli.Snooping;

/// <summary>
/// Adapts a <see cref="SnoopRecorder"/> to an environment's observation channel; the two libraries do not reference
/// each other.
/// </summary>
/// <param name="recorder">Records the traffic.</param>
/// <param name="full">Called when the recorder is full.</param>
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

/// <summary>
/// Adapts an <see cref="ObservationAttacker"/> to an environment's observation channel and measures its time per chosen
/// frame.
/// </summary>
internal sealed class AttackingChannel(ObservationAttacker attacker, TimeProvider time) : IObservationChannel
{
    private const int MaxKept = 4096;
    private readonly double[] _milliseconds = new double[MaxKept];

    /// <summary>
    /// Times of the most recently chosen frames, in milliseconds, in no particular order. Those that the attack left
    /// unchanged count too: the attacker needed the time.
    /// </summary>
    internal ReadOnlySpan<double> Milliseconds => _milliseconds.AsSpan(0, (int)Math.Min(MaxKept, attacker.Chosen));

    public void Observe(int slot, Span<float> observation, EpisodePosition place)
    {
        if (place == EpisodePosition.Last)
        {
            return;
        }

        long start = time.GetTimestamp(), chosen = attacker.Chosen;
        attacker.Perturb(slot, observation, place == EpisodePosition.First);
        if (attacker.Chosen > chosen)
        {
            _milliseconds[chosen % MaxKept] = time.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    /// <summary>
    /// Returns the median, which is insensitive to the first frame (which compiles) and to interruptions by other
    /// programs.
    /// </summary>
    internal static double Median(List<double> milliseconds)
    {
        milliseconds.Sort();
        return milliseconds.Count > 0 ? milliseconds[milliseconds.Count / 2] : double.NaN;
    }

    public void Act(int slot, AgentAction action, StepOutcome outcome)
    {
        // Attacks on observations do not use actions and rewards.
    }
}

/// <summary>Counts the alarms of a detector on the observations that come out of another channel.</summary>
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

/// <summary>
/// Rounds the observations that come out of another channel to 2^bits levels, as a defense of the agent.
/// </summary>
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
