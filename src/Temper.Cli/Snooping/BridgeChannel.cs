using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Logs;

namespace Temper.Cli.Snooping;

/// <summary>
/// What a man in the middle does: it records what the environment sends, and changes it before it goes on.
/// </summary>
/// <param name="recorder">Keeps what is heard; null: nothing is recorded.</param>
/// <param name="attack">Changes observations; null: nothing is changed.</param>
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
/// Records several streams at once: each one's episode is kept apart until it ends, since steps of a log follow each
/// other. Steps are counted over all streams.
/// </summary>
/// <param name="stream">The format of the streams.</param>
/// <param name="threat">What is heard.</param>
/// <param name="capacity">Steps in all.</param>
/// <param name="full">Called once, when that many are kept.</param>
internal sealed class EpisodeRecorder(StreamInfo stream, ThreatModel threat, int capacity, Action full)
{
    private readonly SnoopRecorder _recorder = new(stream, threat, capacity);
    private readonly SortedDictionary<int, Episode> _open = [];

    /// <summary>Steps that were heard so far, those of episodes that go on included.</summary>
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

        /// <summary>The observation that no action has answered yet.</summary>
        internal float[]? Pending { get; set; }
    }
}
