using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// What a man in the middle does with the signals that pass: hands them to an observation channel, which may record and
/// change them. All connections of a relay share one channel and one format of observations; each has a slot of its
/// own.
/// </summary>
/// <param name="create">
/// Makes the channel when the first stream's format is known. What it throws ends that connection.
/// </param>
public sealed class BridgeTap(Func<EnvironmentSpec, IObservationChannel> create)
{
    private readonly Lock _lock = new();
    private readonly SortedSet<int> _free = [];
    private IObservationChannel? _channel;
    private EnvironmentSpec? _spec;
    private int _slots;

    /// <summary>Observations that passed.</summary>
    public long Observations { get; private set; }

    /// <summary>Slots that were ever needed at the same time.</summary>
    internal int Slots => _slots;

    /// <summary>
    /// Opens a slot. Numbers are used again, so that a channel's memory does not grow with every connection.
    /// </summary>
    /// <exception cref="BridgeException">The stream has another format than those before it.</exception>
    internal TapSlot Open(EnvironmentSpec spec)
    {
        lock (_lock)
        {
            _spec ??= spec;
            if (!spec.ObservationShape.Equals(_spec.ObservationShape)
                || spec.Actions.IsDiscrete != _spec.Actions.IsDiscrete || spec.Actions.Count != _spec.Actions.Count)
            {
                throw new BridgeException(
                    $"bridge: this stream differs from the first one (got observations {spec.ObservationShape} and "
                    + $"{spec.Actions.Count} actions, expected {_spec.ObservationShape} and {_spec.Actions.Count}); "
                        + "use a bridge of its own");
            }

            _channel ??= create(spec);
            int number = _free.Count > 0 ? _free.Min : _slots++;
            _free.Remove(number);
            return new TapSlot(this, number);
        }
    }

    /// <summary>One connection's way through the channel.</summary>
    internal sealed class TapSlot(BridgeTap tap, int number) : IDisposable
    {
        private bool _isClosed, _hasObserved;

        /// <exception cref="BridgeException">A number is not finite.</exception>
        internal void Observe(Span<float> observation, EpisodePosition position)
        {
            foreach (float value in observation)
            {
                if (!float.IsFinite(value))
                {
                    throw new BridgeException("bridge: an observation has a number that is not finite");
                }
            }

            lock (tap._lock)
            {
                tap.Observations++;
                tap._channel!.Observe(number, observation, position);
            }

            _hasObserved = position != EpisodePosition.Last;
        }

        /// <summary>What an agent did without having seen anything is not told.</summary>
        internal void Act(AgentAction action, StepOutcome outcome)
        {
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
