using Temper.Randomness;

namespace Temper.Reinforcement.Environments;

/// <summary>
/// Several environments of one kind that step together. Those whose episode ends begin the next one in the same step.
/// </summary>
public interface IVectorEnvironment
{
    /// <summary>What each environment is.</summary>
    EnvironmentSpec Spec { get; }

    /// <summary>N, how many there are.</summary>
    int Count { get; }

    /// <summary>Numbers of one observation, stacked frames included.</summary>
    int ObservationLength { get; }

    /// <summary>
    /// What agents see now, <c>[N, ...]</c> row-major; after the end of an episode the first observation of the next
    /// one.
    /// </summary>
    ReadOnlySpan<float> Observations { get; }

    /// <summary>
    /// The last observation of a slot whose episode ended in the last step: what a truncated episode is valued by.
    /// </summary>
    /// <param name="slot">From 0 to N - 1.</param>
    ReadOnlySpan<float> FinalObservation(int slot);

    /// <summary>Begins an episode everywhere.</summary>
    void Reset();

    /// <summary>One step of all.</summary>
    /// <param name="actions">Discrete: an index for each; continuous: the numbers of each, one after the other.</param>
    /// <param name="outcomes">Receives what each gave.</param>
    void Step(ReadOnlySpan<float> actions, Span<StepOutcome> outcomes);
}

/// <summary>
/// Environments in this process. Episodes draw their seeds from a stream by slot and number, so no episode depends on
/// another's length.
/// </summary>
public sealed class VectorEnvironment : IVectorEnvironment
{
    private readonly EpisodeSlot[] _slots;
    private readonly RandomStream[] _streams;
    private readonly long[] _episodes;
    private readonly float[] _observations;
    private readonly float[] _final;
    private readonly List<FinishedEpisode> _finished = [];

    /// <summary>Makes them.</summary>
    /// <param name="create">Makes one environment.</param>
    /// <param name="count">N, positive.</param>
    /// <param name="stream">Gives the seeds of all episodes.</param>
    /// <param name="frames">Frames that the agent looks at together; 0: as the environment says.</param>
    /// <param name="channels">What stands between environments and agent; null: nothing.</param>
    public VectorEnvironment(
        Func<IEnvironment> create, int count, RandomStream stream, int frames = 0, ObservationChannels? channels = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        IEnvironment[] environments = [.. Enumerable.Range(0, count).Select(_ => create())];
        Spec = environments[0].Spec;
        Frames = frames > 0 ? frames : Spec.Frames;
        ObservationLength = Spec.ObservationShape.Count * Frames;
        _slots = [.. environments.Select(
            (environment, i) => new EpisodeSlot(environment, i, Frames, channels ?? ObservationChannels.None))];
        _streams = [.. Enumerable.Range(0, count).Select(i => stream.Split(i))];
        _episodes = new long[count];
        (_observations, _final) = (new float[count * ObservationLength], new float[count * ObservationLength]);
    }

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; }

    /// <inheritdoc/>
    public int Count => _slots.Length;

    /// <summary>Frames that the agent looks at together.</summary>
    public int Frames { get; }

    /// <inheritdoc/>
    public int ObservationLength { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Observations => _observations;

    /// <summary>Episodes that ended in the last step, in the order of slots.</summary>
    public IReadOnlyList<FinishedEpisode> Finished => _finished;

    internal IReadOnlyList<EpisodeSlot> Slots => _slots;

    /// <summary>The number of each slot's episode.</summary>
    internal Span<long> Episodes => _episodes;

    /// <inheritdoc/>
    public ReadOnlySpan<float> FinalObservation(int slot) => _final.AsSpan(slot * ObservationLength, ObservationLength);

    /// <inheritdoc/>
    public void Reset()
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            Begin(i);
        }
    }

    /// <inheritdoc/>
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

    /// <summary>Shows what a slot sees now, after it was put somewhere else.</summary>
    internal void Show(int i) => _slots[i].Observation.CopyTo(_observations.AsSpan(i * ObservationLength));

    /// <summary>The seed of an episode: 64 bits of a stream at a place of its own.</summary>
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

/// <summary>An episode that ended.</summary>
/// <param name="Slot">Which environment.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Steps">Its length in steps.</param>
/// <param name="Return">Sum of its rewards.</param>
public readonly record struct FinishedEpisode(int Slot, ulong Seed, int Steps, double Return);
