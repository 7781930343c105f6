using Temper.Randomness;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>How episodes are played to evaluate an agent.</summary>
public sealed record PlayOptions
{
    /// <summary>Number of episodes, positive.</summary>
    public int Episodes { get; init; } = 10;

    /// <summary>Seed of the episodes: the same seed gives every agent the same starts.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether actions are sampled from the policy; else the most likely one is taken.</summary>
    public bool IsSampled { get; init; }

    /// <summary>Channels that see or change observations on their way to the agent.</summary>
    public ObservationChannels Channels { get; init; } = ObservationChannels.None;

    /// <summary>Environments that play in parallel; null: a default. Does not change the episodes.</summary>
    public int? Slots { get; init; }

    /// <summary>
    /// Called with each step of the first episode, to record it: what the agent sees and what it does.
    /// </summary>
    public Action<IEnvironment, ReadOnlyMemory<float>>? Watch { get; init; }

    /// <summary>Stops between steps.</summary>
    public CancellationToken Cancel { get; init; }
}

/// <summary>One episode that was played.</summary>
/// <param name="Return">Sum of the rewards.</param>
/// <param name="Steps">Its length.</param>
/// <param name="IsTruncated">Whether the time limit ended it.</param>
public readonly record struct PlayedEpisode(double Return, int Steps, bool IsTruncated);

/// <summary>
/// Plays episodes with a policy. An episode depends on the seed and its number alone, not on how many there are or on
/// threads.
/// </summary>
public static class EpisodePlayer
{
    private const int MaxSlots = 32;

    /// <summary>Plays.</summary>
    /// <param name="policy">The agent.</param>
    /// <param name="create">Makes an environment.</param>
    /// <param name="options">How many episodes, and how.</param>
    /// <exception cref="ArgumentException">The policy does not fit the environment.</exception>
    public static IReadOnlyList<PlayedEpisode> Play(Policy policy, Func<IEnvironment> create, PlayOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Episodes, 1);
        EnvironmentSpec spec = create().Spec;
        int frames = policy.FramesIn(spec),
            count = Math.Min(options.Episodes, Math.Clamp(options.Slots ?? MaxSlots, 1, MaxSlots));
        EpisodeSlot[] slots = [.. Enumerable.Range(0, count).Select(
            i => new EpisodeSlot(create(), i, frames, options.Channels))];
        return new Round(policy, spec, slots, options).Run();
    }

    /// <summary>Slots that each play every count-th episode.</summary>
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

        /// <returns>Whether the slot still plays.</returns>
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
