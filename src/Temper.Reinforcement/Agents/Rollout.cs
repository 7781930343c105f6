using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>The experience of one update, ordered by step, then by environment.</summary>
/// <param name="horizon">Steps per environment, T.</param>
/// <param name="count">Number of environments, N.</param>
/// <param name="observation">Length of an observation.</param>
/// <param name="action">Length of an action.</param>
internal sealed class Rollout(int horizon, int count, int observation, int action)
{
    private readonly float[] _observations = Allocate(horizon, count, observation);
    private readonly float[] _actions = Allocate(horizon, count, action);

    internal int Length => horizon * count;

    internal int ObservationLength => observation;

    internal float[] LogProbabilities { get; } = new float[horizon * count];

    internal float[] Values { get; } = new float[horizon * count];

    internal float[] Rewards { get; } = new float[horizon * count];

    /// <summary>True where the episode ended after the step, terminated or truncated.</summary>
    internal bool[] Ends { get; } = new bool[horizon * count];

    internal float[] Advantages { get; } = new float[horizon * count];

    /// <summary>Target of the value: advantage plus value.</summary>
    internal float[] Targets { get; } = new float[horizon * count];

    /// <summary>Allocates an array with a number of values per step.</summary>
    /// <exception cref="ArgumentException">The values do not fit in one array.</exception>
    internal float[] NewArray(int width) => Allocate(horizon, count, width);

    internal Span<float> Observations(int step) =>
        _observations.AsSpan(step * count * observation, count * observation);

    internal Span<float> Actions(int step) => _actions.AsSpan(step * count * action, count * action);

    internal ReadOnlySpan<float> Observation(int sample) => _observations.AsSpan(sample * observation, observation);

    internal ReadOnlySpan<float> Action(int sample) => _actions.AsSpan(sample * action, action);

    /// <summary>
    /// Computes generalized advantage estimates: <c>A_t = d_t + gamma lambda A_t+1</c> with <c>d_t = r_t + gamma V_t+1
    /// - V_t</c> (arXiv:1506.02438, eq. 16). Terms of the next step are dropped at the end of an episode. The reward of
    /// a truncated step already includes the estimated value of what would have followed.
    /// </summary>
    /// <param name="last">Values of the observations after the last step, <c>[N]</c>.</param>
    /// <param name="gamma">Discount factor.</param>
    /// <param name="lambda">Decay factor of later advantages.</param>
    internal void ComputeAdvantages(ReadOnlySpan<float> last, float gamma, float lambda)
    {
        for (int i = 0; i < count; i++)
        {
            (float advantage, float next) = (0, last[i]);
            for (int step = horizon - 1; step >= 0; step--)
            {
                int sample = (step * count) + i;
                float continues = Ends[sample] ? 0 : 1;
                float difference = Rewards[sample] + (gamma * next * continues) - Values[sample];
                advantage = difference + (gamma * lambda * continues * advantage);
                (Advantages[sample], Targets[sample], next) = (advantage, advantage + Values[sample], Values[sample]);
            }
        }
    }

    private static float[] Allocate(long steps, long environments, long width)
    {
        long samples = steps * environments;
        return samples <= Array.MaxLength && samples * width <= Array.MaxLength
            ? new float[samples * width]
            : throw new ArgumentException($"rollout: {steps} steps of {environments} environments with {width} numbers "
                + "each do not fit in one array; use a shorter horizon or fewer environments");
    }
}

/// <summary>
/// Gathers the observations of chosen samples into the rows of one tensor, in parallel on all worker threads.
/// </summary>
/// <param name="rollout">The experience to read from.</param>
internal sealed class ObservationRows(Rollout rollout) : IPoolWork
{
    /// <summary>Samples per task; a few hundred KiB of grid observations.</summary>
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

    /// <summary>Fills a tensor, <c>[B, ...]</c>, with the observations of the given samples.</summary>
    internal void CopyTo(Tensor rows, ReadOnlyMemory<int> samples)
    {
        (_rows, _samples) = (rows, samples);
        WorkerPool.Current.Run(this, (samples.Length + Piece - 1) / Piece);
        _rows = null;
    }
}
