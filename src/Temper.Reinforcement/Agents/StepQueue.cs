namespace Temper.Reinforcement.Agents;

/// <summary>Holds the latest steps of one environment until they form n-step transitions.</summary>
/// <param name="length">Steps per transition, n.</param>
/// <param name="observation">Length of an observation.</param>
/// <param name="gamma">Discount factor per step.</param>
internal sealed class StepQueue(int length, int observation, float gamma)
{
    private readonly float[] _observations = new float[length * observation], _actions = new float[length],
        _rewards = new float[length];

    internal int Count { get; private set; }

    /// <summary>Contents for a checkpoint: action, reward and observation of each step.</summary>
    internal IEnumerable<float> State => Enumerable.Range(0, Count).SelectMany(
        i => new[] { _actions[i], _rewards[i] }.Concat(_observations.Skip(i * observation).Take(observation)));

    internal void Restore(ReadOnlySpan<float> state)
    {
        Count = state.Length / (observation + 2);
        for (int i = 0; i < Count; i++)
        {
            ReadOnlySpan<float> step = state.Slice(i * (observation + 2), observation + 2);
            (_actions[i], _rewards[i]) = (step[0], step[1]);
            step[2..].CopyTo(_observations.AsSpan(i * observation));
        }
    }

    /// <summary>
    /// Adds a step and stores all completed transitions in the replay buffer: one of n steps, and at the end of an
    /// episode also all shorter ones.
    /// </summary>
    /// <param name="first">Observation before the step.</param>
    /// <param name="action">The action.</param>
    /// <param name="reward">The reward.</param>
    /// <param name="isTerminated">True if the episode terminated; the value after the step is then 0.</param>
    /// <param name="isOver">True if the episode ended, terminated or truncated.</param>
    /// <param name="last">Observation after the step.</param>
    /// <param name="replay">Buffer that receives the transitions.</param>
    internal void Add(
        ReadOnlySpan<float> first, float action, float reward, bool isTerminated, bool isOver, ReadOnlySpan<float> last,
        ReplayBuffer replay)
    {
        first.CopyTo(_observations.AsSpan(Count * observation));
        (_actions[Count], _rewards[Count]) = (action, reward);
        Count++;
        while (Count == length || (isOver && Count > 0))
        {
            float sum = 0;
            for (int i = Count - 1; i >= 0; i--)
            {
                sum = _rewards[i] + (gamma * sum);
            }

            replay.Add(
                _observations.AsSpan(0, observation), _actions[0], sum, isTerminated ? 0 : MathF.Pow(gamma, Count),
                last);
            Drop();
        }
    }

    private void Drop()
    {
        Count--;
        _observations.AsSpan(observation, Count * observation).CopyTo(_observations);
        _actions.AsSpan(1, Count).CopyTo(_actions);
        _rewards.AsSpan(1, Count).CopyTo(_rewards);
    }
}
