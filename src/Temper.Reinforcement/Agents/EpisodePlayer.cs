using Temper.Randomness;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>Options for playing episodes to evaluate an agent.</summary>
public sealed record PlayOptions
{
    /// <summary>Number of episodes, 1 or more.</summary>
    public int Episodes { get; init; } = 10;

    /// <summary>Seed of the episodes. Agents played with the same seed get the same initial states.</summary>
    public ulong Seed { get; init; }

    /// <summary>True: actions are sampled from the policy; false: the most likely action is taken.</summary>
    public bool IsSampled { get; init; }

    /// <summary>Channels that record or perturb observations on their way to the agent.</summary>
    public ObservationChannels Channels { get; init; } = ObservationChannels.None;

    /// <summary>
    /// Number of environments stepped in lockstep, at most 32; null: 32. The network runs on all of them as one batch.
    /// Does not affect the results.
    /// </summary>
    public int? Slots { get; init; }

    /// <summary>
    /// Called before each step of the first episode with the environment and the agent's observation; used for
    /// recording.
    /// </summary>
    public Action<IEnvironment, ReadOnlyMemory<float>>? Watch { get; init; }

    /// <summary>Cancels playing; checked before each step.</summary>
    public CancellationToken Cancel { get; init; }
}

/// <summary>Result of one episode.</summary>
/// <param name="Return">Sum of the rewards.</param>
/// <param name="Steps">Length in steps.</param>
/// <param name="IsTruncated">True if the time limit ended the episode.</param>
public readonly record struct PlayedEpisode(double Return, int Steps, bool IsTruncated);

/// <summary>
/// Plays episodes with a policy. An episode depends only on the seed and its index, not on the number of episodes or
/// threads.
/// </summary>
public static class EpisodePlayer
{
    private const int MaxSlots = 32;

    /// <summary>Plays episodes and returns their results in order.</summary>
    /// <param name="policy">The agent.</param>
    /// <param name="create">
    /// Creates an environment; called once per slot. The environments are disposed at the end, if they can be.
    /// </param>
    /// <param name="options">Number of episodes and other options.</param>
    /// <exception cref="ArgumentException">The policy does not match the environment.</exception>
    /// <exception cref="InvalidDataException">A reward or an observation is not finite.</exception>
    public static IReadOnlyList<PlayedEpisode> Play(Policy policy, Func<IEnvironment> create, PlayOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Episodes, 1);
        int count = Math.Min(options.Episodes, Math.Clamp(options.Slots ?? MaxSlots, 1, MaxSlots));
        IReadOnlyList<IEnvironment> environments = OwnedEnvironments.Create(create, count);
        try
        {
            EnvironmentSpec spec = environments[0].Spec;
            int frames = policy.FramesIn(spec);
            EpisodeSlot[] slots = [.. environments.Select(
                (environment, i) => new EpisodeSlot(environment, i, frames, options.Channels))];
            return new Round(policy, spec, slots, options).Run();
        }
        finally
        {
            OwnedEnvironments.Dispose(environments);
        }
    }

    /// <summary>
    /// Plays the episodes on a number of slots; slot i plays episodes i, i + count, i + 2 count and so on.
    /// </summary>
    private sealed class Round(Policy policy, EnvironmentSpec spec, EpisodeSlot[] slots, PlayOptions options)
    {
        private readonly RandomStream _seeds = RandomStream.FromSeed(options.Seed).Split("episodes");
        private readonly RandomStream _noise = RandomStream.FromSeed(options.Seed).Split("actions");
        private readonly PlayedEpisode[] _played = new PlayedEpisode[options.Episodes];
        private readonly int[] _episode = new int[slots.Length];
        private readonly int _length = slots[0].Observation.Length, _outputs = policy.Head.OutputsFor(spec.Actions);
        private readonly float[] _action = new float[Math.Max(1, spec.Actions.Dimensions)];
        private readonly float[] _draws = new float[policy.Head.NoiseFor(spec.Actions)];

        internal IReadOnlyList<PlayedEpisode> Run()
        {
            float[] observations = new float[slots.Length * _length], outputs = new float[slots.Length * _outputs];
            List<int> active = [.. Enumerable.Range(0, slots.Length)];
            active.ForEach(i => Begin(i, i));
            var runner = new PolicyRunner();
            while (active.Count > 0)
            {
                options.Cancel.ThrowIfCancellationRequested();
                for (int i = 0; i < active.Count; i++)
                {
                    slots[active[i]].Observation.CopyTo(observations.AsSpan(i * _length));
                }

                runner.Run(policy.Network, observations.AsSpan(0, active.Count * _length), active.Count, outputs.AsSpan(
                    0, active.Count * _outputs));
                for (int i = active.Count - 1; i >= 0; i--)
                {
                    if (!Step(active[i], outputs.AsSpan(i * _outputs, _outputs)))
                    {
                        active.RemoveAt(i);
                    }
                }
            }

            return _played;
        }

        /// <returns>True if the slot continues to play.</returns>
        private bool Step(int i, ReadOnlySpan<float> outputs)
        {
            EpisodeSlot slot = slots[i];
            if (_episode[i] == 0)
            {
                options.Watch?.Invoke(slot.Environment, slot.Observation.ToArray());
            }

            Choose(i, outputs);
            StepOutcome outcome = slot.Step(spec.Actions.IsDiscrete ? (int)_action[0] : new AgentAction(_action));
            if (!outcome.IsOver)
            {
                return true;
            }

            _played[_episode[i]] = new PlayedEpisode(slot.Return, slot.Steps, outcome.IsTruncated);
            int next = _episode[i] + slots.Length;
            if (next >= options.Episodes)
            {
                return false;
            }

            Begin(i, next);
            return true;
        }

        private void Choose(int i, ReadOnlySpan<float> outputs)
        {
            if (options.IsSampled)
            {
                policy.Head.FillNoise(_noise.Split(_episode[i]), _draws, (long)slots[i].Steps * 2 * _draws.Length);
                policy.Head.Sample(outputs, _draws, _action);
            }
            else
            {
                policy.Head.Greedy(outputs, _action);
            }
        }

        private void Begin(int i, int episode)
        {
            _episode[i] = episode;
            slots[i].Environment.Carried = 0;
            slots[i].Reset(VectorEnvironment.SeedOf(_seeds, episode));
        }
    }
}
