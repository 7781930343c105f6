using Temper.Randomness;

namespace Temper.Reinforcement.Environments;

/// <summary>
/// Several environments of one kind that are stepped in lockstep, one after the other. When an episode ends, the next
/// one starts in the same step. The seed of each episode is derived from a random stream by slot and episode number, so
/// an episode does not depend on the lengths of others.
/// </summary>
public sealed class VectorEnvironment : IDisposable
{
    private readonly EpisodeSlot[] _slots;
    private readonly RandomStream[] _streams;
    private readonly long[] _episodes;
    private readonly float[] _observations;
    private readonly float[] _final;
    private readonly List<FinishedEpisode> _finished = [];

    /// <summary>Creates the environments.</summary>
    /// <param name="create">Creates one environment; called once for each. They are disposed with this object.</param>
    /// <param name="count">Number of environments, N; 1 or more.</param>
    /// <param name="stream">Random stream from which the seeds of all episodes are derived.</param>
    /// <param name="frames">Number of frames that the agent stacks; 0: the environment's default.</param>
    /// <param name="channels">Channels between environments and agent; null: none.</param>
    public VectorEnvironment(
        Func<IEnvironment> create, int count, RandomStream stream, int frames = 0, ObservationChannels? channels = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        IReadOnlyList<IEnvironment> environments = OwnedEnvironments.Create(create, count);
        Spec = environments[0].Spec;
        Frames = frames > 0 ? frames : Spec.Frames;
        ObservationLength = Spec.ObservationShape.Count * Frames;
        _slots = [.. environments.Select(
            (environment, i) => new EpisodeSlot(environment, i, Frames, channels ?? ObservationChannels.None))];
        _streams = [.. Enumerable.Range(0, count).Select(i => stream.Split(i))];
        _episodes = new long[count];
        (_observations, _final) = (new float[count * ObservationLength], new float[count * ObservationLength]);
    }

    /// <summary>Specification of each environment.</summary>
    public EnvironmentSpec Spec { get; }

    /// <summary>Number of environments, N.</summary>
    public int Count => _slots.Length;

    /// <summary>Number of stacked frames in an observation.</summary>
    public int Frames { get; }

    /// <summary>Length of one observation, including stacked frames.</summary>
    public int ObservationLength { get; }

    /// <summary>
    /// Current observations, <c>[N, ...]</c>, row-major. After the end of an episode: the first observation of the next
    /// one.
    /// </summary>
    public ReadOnlySpan<float> Observations => _observations;

    /// <summary>Episodes that ended in the last step, ordered by slot.</summary>
    public IReadOnlyList<FinishedEpisode> Finished => _finished;

    internal IReadOnlyList<EpisodeSlot> Slots => _slots;

    /// <summary>Number of the current episode of each slot, from 0.</summary>
    internal Span<long> Episodes => _episodes;

    /// <summary>
    /// Returns the last observation of a slot whose episode ended in the last step. It is used to estimate the value of
    /// a truncated episode.
    /// </summary>
    /// <param name="slot">Index of the environment, 0 to N - 1.</param>
    public ReadOnlySpan<float> FinalObservation(int slot) => _final.AsSpan(slot * ObservationLength, ObservationLength);

    /// <summary>Starts an episode in every environment.</summary>
    /// <exception cref="InvalidDataException">An observation is not finite.</exception>
    public void Reset()
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            Begin(i);
        }
    }

    /// <summary>Performs one step in every environment.</summary>
    /// <param name="actions">Discrete: one index per environment; continuous: the concatenated actions.</param>
    /// <param name="outcomes">Receives one result per environment.</param>
    /// <exception cref="InvalidDataException">A reward or an observation is not finite.</exception>
    public void Step(ReadOnlySpan<float> actions, Span<StepOutcome> outcomes)
    {
        _finished.Clear();
        int width = Math.Max(1, Spec.Actions.Dimensions);
        for (int i = 0; i < _slots.Length; i++)
        {
            EpisodeSlot slot = _slots[i];
            outcomes[i] =
                slot.Step(Spec.Actions.IsDiscrete ? (int)actions[i] : new AgentAction(actions.Slice(i * width, width)));
            if (!slot.IsOver)
            {
                Show(i);
                continue;
            }

            slot.Observation.CopyTo(_final.AsSpan(i * ObservationLength));
            _finished.Add(new FinishedEpisode(i, slot.Seed, slot.Steps, slot.Return));
            _episodes[i]++;
            Begin(i);
        }
    }

    /// <summary>Disposes the environments that implement <see cref="IDisposable"/>.</summary>
    public void Dispose() => OwnedEnvironments.Dispose(_slots.Select(slot => slot.Environment));

    /// <summary>
    /// Copies a slot's observation to <see cref="Observations"/>; called after its state was restored.
    /// </summary>
    internal void Show(int i) => _slots[i].Observation.CopyTo(_observations.AsSpan(i * ObservationLength));

    /// <summary>
    /// Returns the seed of an episode: 64 bits of a random stream at an offset given by the episode number.
    /// </summary>
    internal static ulong SeedOf(RandomStream stream, long episode)
    {
        Span<uint> words = stackalloc uint[2];
        stream.Fill(words, 2 * episode);
        return words[0] | ((ulong)words[1] << 32);
    }

    private void Begin(int i)
    {
        _slots[i].Reset(SeedOf(_streams[i], _episodes[i]));
        Show(i);
    }
}

/// <summary>An episode that has ended.</summary>
/// <param name="Slot">Index of the environment.</param>
/// <param name="Seed">Seed of the episode.</param>
/// <param name="Steps">Length in steps.</param>
/// <param name="Return">Sum of the rewards.</param>
public readonly record struct FinishedEpisode(int Slot, ulong Seed, int Steps, double Return);
