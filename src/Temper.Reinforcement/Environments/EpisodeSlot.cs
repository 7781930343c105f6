using System.Globalization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Reinforcement.Environments;

/// <summary>
/// Runs one environment with its time limit, frame stack and channels, and records the actions since the reset.
/// </summary>
/// <param name="environment">The environment.</param>
/// <param name="slot">Index of this slot, passed to the channels.</param>
/// <param name="frames">Number of frames that the agent stacks.</param>
/// <param name="channels">Channels between environment and agent.</param>
internal sealed class EpisodeSlot(IEnvironment environment, int slot, int frames, ObservationChannels channels)
{
    private readonly FrameStack _stack = new(environment.Spec.ObservationShape.Count, frames);
    private readonly float[] _observation = new float[environment.Spec.ObservationShape.Count * frames];
    private readonly List<float> _tape = [];
    private readonly int _limit = environment.Spec.StepLimit;
    private readonly int _tapeWidth = Math.Max(1, environment.Spec.Actions.Dimensions);
    private readonly AllowedAction _allowed = new(environment.Spec.Actions.Dimensions);

    internal IEnvironment Environment => environment;

    /// <summary>The observation that the agent receives: the stacked frames, after the channels.</summary>
    internal ReadOnlySpan<float> Observation => _observation;

    internal ulong Seed { get; private set; }

    /// <summary>Steps since the last reset.</summary>
    internal int Steps { get; private set; }

    /// <summary>Sum of the rewards since the last reset.</summary>
    internal double Return { get; private set; }

    /// <summary>True before the first reset and after the end of an episode.</summary>
    internal bool IsOver { get; private set; } = true;

    /// <summary>Actions since the reset, flattened; discrete actions are stored as their index.</summary>
    internal IReadOnlyList<float> Tape => _tape;

    /// <summary>The environment's <see cref="IEnvironment.Carried"/> at the last reset.</summary>
    internal long Carried { get; private set; }

    internal void Reset(ulong seed)
    {
        (Seed, Steps, Return, IsOver, Carried) = (seed, 0, 0, false, environment.Carried);
        _tape.Clear();
        environment.Reset(seed, _stack.Newest);
        CheckObservation(0);
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

    /// <summary>Restores the state of an episode by resetting and repeating its actions.</summary>
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
        StepOutcome outcome = environment.Step(_allowed.Within(environment.Spec.Actions, action), _stack.Newest);
        if (!float.IsFinite(outcome.Reward))
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture,
                $"environment {environment.Spec.Name}: the reward is not finite (got {outcome.Reward} at step "
                + $"{Steps + 1} of seed {Seed}); the step was not used for training"));
        }

        CheckObservation(Steps + 1);
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
                $"environment {environment.Spec.Name}: step was called before a reset or after the end of the "
                    + "episode; call Reset first");
        }

        ActionSpace space = environment.Spec.Actions;
        if (space.IsDiscrete ? (uint)action.Index >= (uint)space.Count : action.Values.Length != space.Dimensions)
        {
            throw new ArgumentException(space.IsDiscrete
                ? string.Create(
                    CultureInfo.InvariantCulture, $"environment {environment.Spec.Name}: the action is out of range "
                    + $"(got {action.Index}, expected 0 to {space.Count - 1})")
                : $"environment {environment.Spec.Name}: the action has the wrong length (got {action.Values.Length}, "
                    + $"expected {space.Dimensions})");
        }
    }

    /// <summary>Throws if the newest frame, as the environment returned it, is not finite.</summary>
    /// <param name="steps">Number of steps up to the one that returned the frame; 0: the reset.</param>
    private void CheckObservation(int steps)
    {
        // Values are compared one by one only if the vectorized check has found something.
        ReadOnlySpan<float> frame = _stack.Newest;
        int bad = TensorPrimitives.IsFiniteAll(frame) ? frame.Length : 0;
        while (bad < frame.Length && float.IsFinite(frame[bad]))
        {
            bad++;
        }

        if (bad < frame.Length)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture,
                $"environment {environment.Spec.Name}: the observation is not finite (got {frame[bad]} at index {bad} "
                + $"after {steps} steps of seed {Seed}, expected finite numbers); the step was not used for training"));
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
