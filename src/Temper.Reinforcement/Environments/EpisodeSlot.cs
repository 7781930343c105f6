namespace Temper.Reinforcement.Environments;

/// <summary>
/// One environment at work: its time limit, its frames, the channels, and the actions since the reset.
/// </summary>
/// <param name="environment">The environment.</param>
/// <param name="slot">Its number for the channels.</param>
/// <param name="frames">Frames that the agent looks at together.</param>
/// <param name="channels">What stands between.</param>
internal sealed class EpisodeSlot(IEnvironment environment, int slot, int frames, ObservationChannels channels)
{
    private readonly FrameStack _stack = new(environment.Spec.ObservationShape.Count, frames);
    private readonly float[] _observation = new float[environment.Spec.ObservationShape.Count * frames];
    private readonly List<float> _tape = [];
    private readonly int _limit = environment.Spec.StepLimit;
    private readonly int _tapeWidth = Math.Max(1, environment.Spec.Actions.Dimensions);

    internal IEnvironment Environment => environment;

    /// <summary>What the agent sees: the stack of frames, changed by the channels.</summary>
    internal ReadOnlySpan<float> Observation => _observation;

    internal ulong Seed { get; private set; }

    /// <summary>Steps since the reset.</summary>
    internal int Steps { get; private set; }

    /// <summary>Sum of the rewards since the reset.</summary>
    internal double Return { get; private set; }

    /// <summary>Whether the agent's next action would come after the end.</summary>
    internal bool IsOver { get; private set; } = true;

    /// <summary>Actions since the reset, each as many numbers as it has; indices as numbers.</summary>
    internal IReadOnlyList<float> Tape => _tape;

    /// <summary>What the environment carried into this episode.</summary>
    internal long Carried { get; private set; }

    internal void Reset(ulong seed)
    {
        (Seed, Steps, Return, IsOver, Carried) = (seed, 0, 0, false, environment.Carried);
        _tape.Clear();
        environment.Reset(seed, _stack.Newest);
        channels.Frame?.Observe(slot, _stack.Newest, EpisodePosition.First);
        _stack.Repeat();
        Show(EpisodePosition.First);
    }

    internal StepOutcome Step(AgentAction action)
    {
        StepOutcome outcome = Move(action);
        channels.Frame?.Act(slot, action, outcome);
        channels.Stack?.Act(slot, action, outcome);
        EpisodePosition position = outcome.IsOver ? EpisodePosition.Last : EpisodePosition.Next;
        channels.Frame?.Observe(slot, _stack.Newest, position);
        Show(position);
        return outcome;
    }

    /// <summary>Goes back to where an episode was: a reset, and the actions since.</summary>
    internal void Replay(ulong seed, long carried, ReadOnlySpan<float> tape)
    {
        environment.Carried = carried;
        Reset(seed);
        for (int i = 0; i < tape.Length; i += _tapeWidth)
        {
            Step(environment.Spec.Actions.IsDiscrete ? (int)tape[i] : new AgentAction(tape.Slice(i, _tapeWidth)));
        }
    }

    private StepOutcome Move(AgentAction action)
    {
        CheckAction(action);
        Record(action);
        _stack.Advance();
        StepOutcome outcome = environment.Step(action, _stack.Newest);
        if (!float.IsFinite(outcome.Reward))
        {
            throw new InvalidDataException(
                $"environment {environment.Spec.Name}: gave a reward that is not finite (got {outcome.Reward} at step "
                + $"{Steps + 1} of seed {Seed}); nothing was learned from it");
        }

        Steps++;
        Return += outcome.Reward;
        if (_limit > 0 && Steps >= _limit && !outcome.IsTerminated)
        {
            outcome = outcome with { IsTruncated = true };
        }

        IsOver = outcome.IsOver;
        return outcome;
    }

    private void CheckAction(AgentAction action)
    {
        if (IsOver)
        {
            throw new InvalidOperationException(
                $"environment {environment.Spec.Name}: a step after the end of the episode; reset it first");
        }

        ActionSpace space = environment.Spec.Actions;
        if (space.IsDiscrete ? (uint)action.Index >= (uint)space.Count : action.Values.Length != space.Dimensions)
        {
            throw new ArgumentException(space.IsDiscrete
                ? $"environment {environment.Spec.Name}: no such action (got {action.Index}, expected 0 to "
                    + $"{space.Count - 1})"
                : $"environment {environment.Spec.Name}: an action of the wrong length (got {action.Values.Length}, "
                    + $"expected {space.Dimensions})");
        }
    }

    private void Record(AgentAction action)
    {
        if (action.Values.IsEmpty)
        {
            _tape.Add(action.Index);
            return;
        }

        foreach (float value in action.Values)
        {
            _tape.Add(value);
        }
    }

    private void Show(EpisodePosition position)
    {
        _stack.Values.CopyTo(_observation);
        channels.Stack?.Observe(slot, _observation, position);
    }
}
