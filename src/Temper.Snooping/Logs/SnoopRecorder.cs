using System.Globalization;

namespace Temper.Snooping.Logs;

/// <summary>
/// Records the signals of one stream that a threat model includes. Other signals are dropped on arrival.
/// </summary>
/// <remarks>
/// Not thread-safe. A step is recorded when its action arrives, so the last observation of an episode is not recorded.
/// Memory grows with the recorded steps. If the threat model is known at compile time, create the recorder with
/// <see cref="ForActions"/> or another factory method: its log then has the type that tasks ask for.
/// </remarks>
/// <param name="stream">Format of the stream.</param>
/// <param name="threat">Threat model: the signals to record.</param>
/// <param name="capacity">Maximum number of recorded steps, 1 or more; later steps are ignored.</param>
/// <exception cref="ArgumentException">
/// The capacity is below 1, or a log of so many steps would be larger than an array can be.
/// </exception>
public class SnoopRecorder(StreamInfo stream, ThreatModel threat, int capacity)
{
    private readonly float[] _pending = new float[SizeOf(stream, capacity)];
    private readonly List<float> _observations = [];
    private readonly List<bool> _firsts = [];
    private readonly List<int> _actions = [];
    private readonly List<float> _rewards = [];
    private bool _isPending, _isFirst;

    /// <summary>Number of steps recorded so far.</summary>
    public int Count => _firsts.Count;

    /// <summary>True if the capacity is reached; further steps are ignored.</summary>
    public bool IsFull => Count == capacity;

    /// <summary>Creates a recorder of observations only (<see cref="ThreatModel.S"/>).</summary>
    /// <param name="stream">Format of the stream.</param>
    /// <param name="capacity">Maximum number of recorded steps, 1 or more; later steps are ignored.</param>
    /// <exception cref="ArgumentException">The capacity is below 1 or too large for an array.</exception>
    public static SnoopRecorder<IStateLog> ForObservations(StreamInfo stream, int capacity) =>
        new(stream, ThreatModel.S, capacity);

    /// <summary>Creates a recorder of observations and rewards (<see cref="ThreatModel.SR"/>).</summary>
    /// <inheritdoc cref="ForObservations"/>
    public static SnoopRecorder<IRewardLog> ForRewards(StreamInfo stream, int capacity) =>
        new(stream, ThreatModel.SR, capacity);

    /// <summary>Creates a recorder of observations and actions (<see cref="ThreatModel.SA"/>).</summary>
    /// <inheritdoc cref="ForObservations"/>
    public static SnoopRecorder<IActionLog> ForActions(StreamInfo stream, int capacity) =>
        new(stream, ThreatModel.SA, capacity);

    /// <summary>Creates a recorder of observations, rewards and actions (<see cref="ThreatModel.SRA"/>).</summary>
    /// <inheritdoc cref="ForObservations"/>
    public static SnoopRecorder<IFullLog> ForAll(StreamInfo stream, int capacity) =>
        new(stream, ThreatModel.SRA, capacity);

    /// <summary>Receives an observation on its way to the agent.</summary>
    /// <param name="observation">The observation, with as many values as the stream's frame shape.</param>
    /// <param name="isFirst">True at the first observation of an episode.</param>
    /// <exception cref="ArgumentException">The observation has the wrong length or is not finite.</exception>
    public void Observe(ReadOnlySpan<float> observation, bool isFirst)
    {
        if (observation.Length != _pending.Length)
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"SnoopRecorder: the observation has the wrong length (got "
                    + $"{observation.Length}, expected {_pending.Length})"), nameof(observation));
        }

        FiniteValues.Require("SnoopRecorder", observation);
        if (!IsFull)
        {
            observation.CopyTo(_pending);
            (_isFirst, _isPending) = (isFirst, true);
        }
    }

    /// <summary>Receives the agent's action and the reward for it.</summary>
    /// <param name="action">Index of the action, below the stream's number of actions if that is known.</param>
    /// <param name="reward">The reward.</param>
    /// <exception cref="ArgumentException">
    /// The threat model includes actions and the action is out of range, or it includes rewards and the reward is not
    /// finite.
    /// </exception>
    public void Act(int action, float reward)
    {
        RequireSignals(action, reward);
        if (!_isPending)
        {
            return;
        }

        _observations.AddRange(_pending);
        _firsts.Add(_isFirst);
        if (threat.HasActions())
        {
            _actions.Add(action);
        }

        if (threat.HasRewards())
        {
            _rewards.Add(reward);
        }

        _isPending = false;
    }

    /// <summary>
    /// Returns the steps recorded so far as a log. Its type is the interface of the recorder's threat model, such as
    /// <see cref="IActionLog"/> for <see cref="ThreatModel.SA"/>.
    /// </summary>
    public IStateLog ToLog() =>
        StateLog.Of(stream, threat, new RecordedSteps([.. _observations], [.. _firsts], [.. _actions], [.. _rewards]));

    /// <summary>Throws if a signal that the threat model includes could not be read back from a file.</summary>
    private void RequireSignals(int action, float reward)
    {
        if (threat.HasActions() && (action < 0 || action >= stream.ActionLimit))
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"SnoopRecorder: the action is out of range (got {action}, "
                    + $"expected 0 to {stream.ActionLimit - 1}); create the recorder with the stream's number of "
                    + $"actions"), nameof(action));
        }

        if (threat.HasRewards() && !float.IsFinite(reward))
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"SnoopRecorder: the reward is not finite (got {reward}, "
                    + $"expected a finite number); check the environment"), nameof(reward));
        }
    }

    /// <summary>Returns the number of values in a frame, if an array can hold as many frames as the capacity.</summary>
    private static int SizeOf(StreamInfo stream, int capacity)
    {
        int size = stream.FrameShape.Count;
        return capacity < 1
            ? throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"SnoopRecorder: the capacity is out of range (got "
                    + $"{capacity}, expected 1 or more); give the number of steps to record"), nameof(capacity))
            : (long)capacity * size <= Array.MaxLength
            ? size
            : throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"SnoopRecorder: the log would be too large (got "
                    + $"{capacity} steps of {size} values, expected at most {Array.MaxLength / size} steps); record "
                    + $"fewer steps"), nameof(capacity));
    }
}

/// <summary>A recorder whose threat model, and so the type of its log, is known at compile time.</summary>
/// <typeparam name="TLog">Type of the log: the signals of the threat model.</typeparam>
/// <example><code>
/// SnoopRecorder&lt;IActionLog&gt; recorder = SnoopRecorder.ForActions(stream, capacity: 10_000);
/// // recorder.Observe(...), recorder.Act(...)
/// Proxy proxy = new ActionImitator().Train(recorder.ToLog(), new ProxyOptions { Seed = 1 });
/// </code></example>
public sealed class SnoopRecorder<TLog> : SnoopRecorder
    where TLog : class, IStateLog
{
    internal SnoopRecorder(StreamInfo stream, ThreatModel threat, int capacity)
        : base(stream, threat, capacity)
    {
    }

    /// <summary>Returns the steps recorded so far as a log.</summary>
    public new TLog ToLog() => (TLog)base.ToLog();
}
