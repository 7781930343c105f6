namespace Temper.Reinforcement.Agents;

/// <summary>The last steps of one environment, until they make transitions of n steps.</summary>
/// <param name="length">n.</param>
/// <param name="observation">Numbers of an observation.</param>
/// <param name="gamma">Discount of a step.</param>
internal sealed class StepQueue(int length, int observation, float gamma)
{
    private readonly float[] _observations = new float[length * observation], _actions = new float[length],
        _rewards = new float[length];

    internal int Count { get; private set; }

    /// <summary>Everything in it, for a checkpoint: for each step the action, the reward, the observation.</summary>
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
    /// Takes a step in and gives the transitions that are complete: one of n steps, and at the end of an episode all
    /// shorter ones.
    /// </summary>
    /// <param name="first">The observation before the step.</param>
    /// <param name="action">The action.</param>
    /// <param name="reward">The reward.</param>
    /// <param name="isTerminated">Whether the task was over: the last observation is worth nothing.</param>
    /// <param name="isOver">Whether the episode was.</param>
    /// <param name="last">The observation behind the step.</param>
    /// <param name="replay">Receives the transitions.</param>
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
