namespace Temper.Snooping.Logs;

/// <summary>
/// Records the signals of one stream that a threat model includes. Other signals are dropped on arrival.
/// </summary>
/// <remarks>
/// Not thread-safe. A step is recorded when its action arrives, so the last observation of an episode is not recorded.
/// </remarks>
/// <param name="stream">Format of the stream.</param>
/// <param name="threat">Threat model: the signals to record.</param>
/// <param name="capacity">Maximum number of recorded steps, 1 or more; later steps are ignored.</param>
public sealed class SnoopRecorder(StreamInfo stream, ThreatModel threat, int capacity)
{
    private readonly float[] _observations = new float[checked(capacity * stream.FrameShape.Count)];
    private readonly bool[] _firsts = new bool[capacity];
    private readonly int[] _actions = threat.HasActions() ? new int[capacity] : [];
    private readonly float[] _rewards = threat.HasRewards() ? new float[capacity] : [];
    private bool _isPending;

    /// <summary>Number of steps recorded so far.</summary>
    public int Count { get; private set; }

    /// <summary>True if the capacity is reached; further steps are ignored.</summary>
    public bool IsFull => Count == capacity;

    /// <summary>Receives an observation on its way to the agent.</summary>
    /// <param name="observation">The observation, with as many values as the stream's frame shape.</param>
    /// <param name="isFirst">True at the first observation of an episode.</param>
    /// <exception cref="ArgumentException">The observation has the wrong length.</exception>
    public void Observe(ReadOnlySpan<float> observation, bool isFirst)
    {
        int size = stream.FrameShape.Count;
        if (observation.Length != size)
        {
            throw new ArgumentException($"SnoopRecorder: the observation has the wrong length (got "
                + $"{observation.Length}, expected {size})", nameof(observation));
        }

        if (!IsFull)
        {
            observation.CopyTo(_observations.AsSpan(Count * size));
            (_firsts[Count], _isPending) = (isFirst, true);
        }
    }

    /// <summary>Receives the agent's action and the reward for it.</summary>
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

    /// <summary>Returns the steps recorded so far as a log.</summary>
    public IStateLog ToLog() => StateLog.Of(stream, threat, new RecordedSteps(
        _observations[..(Count * stream.FrameShape.Count)], _firsts[..Count],
        threat.HasActions() ? _actions[..Count] : [], threat.HasRewards() ? _rewards[..Count] : []));
}
