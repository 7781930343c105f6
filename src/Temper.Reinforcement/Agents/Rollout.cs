using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>The experience of one update: T steps of N environments, step by step.</summary>
/// <param name="horizon">T.</param>
/// <param name="count">N.</param>
/// <param name="observation">Numbers of an observation.</param>
/// <param name="action">Numbers of an action.</param>
internal sealed class Rollout(int horizon, int count, int observation, int action)
{
    private readonly float[] _observations = new float[horizon * count * observation];
    private readonly float[] _actions = new float[horizon * count * action];

    internal int Length => horizon * count;

    internal int ObservationLength => observation;

    internal float[] LogProbabilities { get; } = new float[horizon * count];

    internal float[] Values { get; } = new float[horizon * count];

    internal float[] Rewards { get; } = new float[horizon * count];

    /// <summary>Whether the episode was over after the step, for either reason.</summary>
    internal bool[] Ends { get; } = new bool[horizon * count];

    internal float[] Advantages { get; } = new float[horizon * count];

    /// <summary>What the value should have been: advantage plus value.</summary>
    internal float[] Targets { get; } = new float[horizon * count];

    internal Span<float> Observations(int step) =>
        _observations.AsSpan(step * count * observation, count * observation);

    internal Span<float> Actions(int step) => _actions.AsSpan(step * count * action, count * action);

    internal ReadOnlySpan<float> Observation(int sample) => _observations.AsSpan(sample * observation, observation);

    internal ReadOnlySpan<float> Action(int sample) => _actions.AsSpan(sample * action, action);

    /// <summary>
    /// Generalized advantages: with <c>d_t = r_t + gamma V_t+1 - V_t</c>, <c>A_t = d_t + gamma lambda A_t+1</c>, both
    /// cut where an episode ends (arXiv:1506.02438, eq. 16). The reward of a truncated step already holds what would
    /// have come.
    /// </summary>
    /// <param name="last">Values of the observations behind the last step, <c>[N]</c>.</param>
    /// <param name="gamma">Discount.</param>
    /// <param name="lambda">How far advantages reach.</param>
    internal void ComputeAdvantages(ReadOnlySpan<float> last, float gamma, float lambda)
    {
        for (int i = 0; i < count; i++)
        {
            (float advantage, float next) = (0, last[i]);
            for (int step = horizon - 1; step >= 0; step--)
            {
                int sample = (step * count) + i;
                float goesOn = Ends[sample] ? 0 : 1;
                float difference = Rewards[sample] + (gamma * next * goesOn) - Values[sample];
                advantage = difference + (gamma * lambda * goesOn * advantage);
                (Advantages[sample], Targets[sample], next) = (advantage, advantage + Values[sample], Values[sample]);
            }
        }
    }
}

/// <summary>Copies the observations of samples side by side, on as many threads as there are.</summary>
/// <param name="rollout">The experience.</param>
internal sealed class ObservationRows(Rollout rollout) : IPoolWork
{
    /// <summary>Samples of a task: some hundred KiB of a grid's observations.</summary>
    private const int Piece = 64;
    private ReadOnlyMemory<int> _samples;
    private Tensor? _rows;

    /// <inheritdoc/>
    public void Run(int task, int thread)
    {
        Span<float> rows = _rows!.Writable();
        ReadOnlySpan<int> samples = _samples.Span;
        for (int i = task * Piece; i < Math.Min(samples.Length, (task + 1) * Piece); i++)
        {
            rollout.Observation(samples[i]).CopyTo(rows[(i * rollout.ObservationLength)..]);
        }
    }

    /// <summary>Fills a tensor <c>[B, ...]</c>.</summary>
    internal void CopyTo(Tensor rows, ReadOnlyMemory<int> samples)
    {
        (_rows, _samples) = (rows, samples);
        WorkerPool.Current.Run(this, (samples.Length + Piece - 1) / Piece);
        _rows = null;
    }
}
