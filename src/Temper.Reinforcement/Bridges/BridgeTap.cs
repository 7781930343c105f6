using System.Globalization;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Passes the signals of a relay to an observation channel, which may record and change them. All connections of a
/// relay share one channel and must have the same observation and action format; each connection has its own slot.
/// </summary>
/// <param name="create">
/// Creates the channel when the format of the first stream is known. An exception ends that connection.
/// </param>
public sealed class BridgeTap(Func<EnvironmentSpec, IObservationChannel> create)
{
    private readonly Lock _lock = new();
    private readonly SortedSet<int> _free = [];
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IObservationChannel? _channel;
    private EnvironmentSpec? _spec;
    private int _slots;
    private volatile bool _isFinishing;

    /// <summary>Number of observations passed so far.</summary>
    public long Observations { get; private set; }

    /// <summary>Largest number of slots used at the same time.</summary>
    internal int Slots => _slots;

    /// <summary>
    /// Whether the relay should close its connections; each is closed after the reply that is due, if any.
    /// </summary>
    internal bool IsFinishing => _isFinishing;

    /// <summary>Completes when a connection has been closed after <see cref="Finish"/>.</summary>
    internal Task Finished => _finished.Task;

    /// <summary>
    /// Asks the relay to close its connections, without cutting off the reply to the message that is being passed. A
    /// channel may call this when it needs no more signals.
    /// </summary>
    internal void Finish() => _isFinishing = true;

    /// <summary>Called by a relay when a connection was closed or an HTTP request was answered.</summary>
    internal void ConfirmFinish()
    {
        if (_isFinishing)
        {
            _finished.TrySetResult();
        }
    }

    /// <summary>
    /// Opens a slot. Slot numbers are reused, so that a channel's memory does not grow with the number of connections.
    /// </summary>
    /// <exception cref="BridgeException">The stream's format differs from that of the first stream.</exception>
    internal TapSlot Open(EnvironmentSpec spec)
    {
        lock (_lock)
        {
            _spec ??= spec;
            if (!spec.ObservationShape.Equals(_spec.ObservationShape)
                || (spec.Actions.Count, spec.Actions.Dimensions) != (_spec.Actions.Count, _spec.Actions.Dimensions))
            {
                throw new BridgeException($"bridge: this stream differs from the first one (got {FormatOf(spec)}, "
                    + $"expected {FormatOf(_spec)}); use a separate bridge");
            }

            _channel ??= create(spec);
            int number = _free.Count > 0 ? _free.Min : _slots++;
            _free.Remove(number);
            return new TapSlot(this, number);
        }
    }

    private static string FormatOf(EnvironmentSpec spec) => $"observations {spec.ObservationShape} and "
        + (spec.Actions.IsDiscrete ? $"{spec.Actions.Count} actions" : $"actions of {spec.Actions.Dimensions} numbers");

    /// <summary>The slot of one connection.</summary>
    internal sealed class TapSlot(BridgeTap tap, int number) : IDisposable
    {
        private bool _isClosed, _hasObserved;

        /// <exception cref="BridgeException">A value is NaN or infinite.</exception>
        internal void Observe(Span<float> observation, EpisodePosition position)
        {
            foreach (float value in observation)
            {
                if (!float.IsFinite(value))
                {
                    throw new BridgeException("bridge: an observation contains NaN or infinity");
                }
            }

            lock (tap._lock)
            {
                tap.Observations++;
                tap._channel!.Observe(number, observation, position);
            }

            _hasObserved = position != EpisodePosition.Last;
        }

        /// <summary>Passes on an action. Actions before the first observation of an episode are ignored.</summary>
        /// <exception cref="BridgeException">
        /// The stream has no such discrete action, although the environment answered it.
        /// </exception>
        internal void Act(AgentAction action, StepOutcome outcome)
        {
            ActionSpace space = tap._spec!.Actions;
            if (space.IsDiscrete && (uint)action.Index >= (uint)space.Count)
            {
                throw new BridgeException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"bridge: an action is out of range (got {action.Index}, expected 0 to {space.Count - 1})"));
            }

            if (_hasObserved && float.IsFinite(outcome.Reward))
            {
                lock (tap._lock)
                {
                    tap._channel!.Act(number, action, outcome);
                }
            }
        }

        public void Dispose()
        {
            lock (tap._lock)
            {
                if (!_isClosed)
                {
                    (_isClosed, _) = (true, tap._free.Add(number));
                }
            }
        }
    }
}
