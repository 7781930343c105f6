using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;

namespace Temper.Cli.Snooping;

/// <summary>
/// The man in the middle of a bridge: records the observations that the environment sends, and perturbs them before
/// forwarding.
/// </summary>
/// <param name="recorder">Records the traffic; null: no recording.</param>
/// <param name="attack">Perturbs observations; null: no attack.</param>
internal sealed class BridgeChannel(EpisodeRecorder? recorder, IObservationChannel? attack) : IObservationChannel
{
    public void Observe(int slot, Span<float> observation, EpisodePosition place)
    {
        recorder?.Observe(slot, observation, place);
        attack?.Observe(slot, observation, place);
    }

    public void Act(int slot, AgentAction action, StepOutcome outcome) =>
        recorder?.Act(slot, action.Index, outcome.Reward);
}

/// <summary>
/// Records several streams at the same time. The episode of each stream is buffered until it ends, because the steps of
/// an episode must be contiguous in the log. Steps are counted over all streams.
/// </summary>
/// <param name="stream">Format of the streams.</param>
/// <param name="threat">Threat model: the parts of the traffic that are recorded.</param>
/// <param name="capacity">Maximum number of steps over all streams.</param>
/// <param name="full">Called once, when the capacity is reached.</param>
internal sealed class EpisodeRecorder(StreamInfo stream, ThreatModel threat, int capacity, Action full)
{
    private readonly SnoopRecorder _recorder = new(stream, threat, capacity);
    private readonly SortedDictionary<int, Episode> _open = [];

    /// <summary>Number of steps recorded so far, including those of unfinished episodes.</summary>
    internal int Count { get; private set; }

    internal void Observe(int slot, ReadOnlySpan<float> observation, EpisodePosition place)
    {
        if (!_open.TryGetValue(slot, out Episode? episode))
        {
            _open.Add(slot, episode = new Episode());
        }

        if (place == EpisodePosition.First)
        {
            Flush(episode);
        }

        episode.Pending = place == EpisodePosition.Last || Count == capacity ? null : observation.ToArray();
    }

    internal void Act(int slot, int action, float reward)
    {
        if (Count == capacity
            || !_open.TryGetValue(slot, out Episode? episode) || episode.Pending is not { } observation)
        {
            return;
        }

        episode.Steps.Add((observation, action, reward));
        (episode.Pending, Count) = (null, Count + 1);
        if (Count == capacity)
        {
            full();
        }
    }

    internal IStateLog ToLog()
    {
        foreach (Episode episode in _open.Values)
        {
            Flush(episode);
        }

        return _recorder.ToLog();
    }

    private void Flush(Episode episode)
    {
        for (int i = 0; i < episode.Steps.Count; i++)
        {
            (float[] observation, int action, float reward) = episode.Steps[i];
            _recorder.Observe(observation, isFirst: i == 0);
            _recorder.Act(action, reward);
        }

        episode.Steps.Clear();
    }

    private sealed class Episode
    {
        internal List<(float[] Observation, int Action, float Reward)> Steps { get; } = [];

        /// <summary>The last observation, for which no action has been received yet.</summary>
        internal float[]? Pending { get; set; }
    }
}
