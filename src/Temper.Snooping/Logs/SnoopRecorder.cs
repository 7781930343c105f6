namespace Temper.Snooping.Logs;

/// <summary>Listens to one stream and keeps what its threat model reads; the rest is dropped when it arrives.</summary>
/// <remarks>
/// Belongs to one thread. A step is kept when its action arrives, so that the last observation of an episode is not.
/// </remarks>
/// <param name="stream">The format of the stream.</param>
/// <param name="threat">What is read.</param>
/// <param name="capacity">Steps after which no more are kept, positive.</param>
public sealed class SnoopRecorder(StreamInfo stream, ThreatModel threat, int capacity)
{
    private readonly float[] _observations = new float[checked(capacity * stream.FrameShape.Count)];
    private readonly bool[] _firsts = new bool[capacity];
    private readonly int[] _actions = threat.HasActions() ? new int[capacity] : [];
    private readonly float[] _rewards = threat.HasRewards() ? new float[capacity] : [];
    private bool _isPending;

    /// <summary>Steps kept so far.</summary>
    public int Count { get; private set; }

    /// <summary>Whether no more are kept.</summary>
    public bool IsFull => Count == capacity;

    /// <summary>An observation on its way to the agent.</summary>
    /// <param name="observation">As long as the stream's shape has elements.</param>
    /// <param name="isFirst">Whether an episode begins.</param>
    /// <exception cref="ArgumentException">It has another length.</exception>
    public void Observe(ReadOnlySpan<float> observation, bool isFirst)
    {
        int size = stream.FrameShape.Count;
        if (observation.Length != size)
        {
            throw new ArgumentException($"SnoopRecorder: an observation of another length (got {observation.Length}, "
                + $"expected {size})", nameof(observation));
        }

        if (!IsFull)
        {
            observation.CopyTo(_observations.AsSpan(Count * size));
            (_firsts[Count], _isPending) = (isFirst, true);
        }
    }

    /// <summary>What the agent did, and what it got for it.</summary>
    /// <param name="action">Index of the action.</param>
    /// <param name="reward">The reward.</param>
    public void Act(int action, float reward)
    {
        if (!_isPending)
        {
            return;
        }

        if (threat.HasActions())
        {
            _actions[Count] = action;
        }

        if (threat.HasRewards())
        {
            _rewards[Count] = reward;
        }

        (Count, _isPending) = (Count + 1, false);
    }

    /// <summary>What was kept so far.</summary>
    public IStateLog ToLog() => StateLog.Of(stream, threat, new RecordedSteps(
        _observations[..(Count * stream.FrameShape.Count)], _firsts[..Count],
        threat.HasActions() ? _actions[..Count] : [], threat.HasRewards() ? _rewards[..Count] : []));
}
