using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents.Adversaries;

/// <summary>Perturbs an observation so that a victim takes a wanted action.</summary>
/// <param name="observation">
/// The newest frame, or the whole stack; replaced by the observation that the victim receives.
/// </param>
/// <param name="isFirst">True at the first observation of an episode.</param>
/// <param name="action">Index of the wanted action.</param>
public delegate void TargetedPerturbation(Span<float> observation, bool isFirst, int action);

/// <summary>
/// The task of an adversary that plays against a fixed victim through the victim's observations. In each step the
/// adversary sees the clean observation and names an action, the observation is perturbed toward this action, and the
/// victim acts on what it receives. The adversary's reward is the victim's, negated. An agent trained in this
/// environment is a learned adversary as in arXiv:2101.08452.
/// </summary>
/// <remarks>
/// There the adversary's action is the perturbation itself. For a victim that takes its most likely action, all that
/// matters is the action that it takes, so the adversary names this action and gradients find the perturbation, as in
/// arXiv:2106.05087. The adversary sees the clean frames only, also where the victim's stack holds perturbed ones. Not
/// thread-safe.
/// </remarks>
public sealed class AdversaryEnvironment : IEnvironment, IDisposable
{
    private readonly IEnvironment _game;
    private readonly Policy _victim;
    private readonly TargetedPerturbation _perturb;
    private readonly PolicyRunner _runner = new();
    private readonly FrameStack _clean;
    private readonly float[] _received, _outputs;
    private readonly int _changed;
    private bool _isFirst;

    /// <summary>Creates the environment.</summary>
    /// <param name="game">The victim's environment, with discrete actions; disposed with this object.</param>
    /// <param name="victim">The victim. It takes its most likely action.</param>
    /// <param name="perturb">Perturbs the observations of this environment only; it may keep a state.</param>
    /// <param name="changesStack">
    /// True: the victim's whole stack of frames is perturbed in each step; false: each frame once.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The victim cannot play the game, or the game's actions are continuous.
    /// </exception>
    public AdversaryEnvironment(
        IEnvironment game, Policy victim, TargetedPerturbation perturb, bool changesStack = false)
    {
        (_game, _victim, _perturb) = (game, victim, perturb);
        EnvironmentSpec spec = game.Spec;
        int frames = victim.FramesIn(spec), length = spec.ObservationShape.Count;
        if (!spec.Actions.IsDiscrete)
        {
            throw new ArgumentException($"adversary: needs a victim with discrete actions (got continuous actions in "
                + $"{spec.Name})", nameof(game));
        }

        _clean = new FrameStack(length, frames);
        (_received, _outputs) = (new float[length * frames], new float[victim.Head.OutputsFor(spec.Actions)]);
        _changed = changesStack ? _received.Length : length;
        Spec = spec with
        {
            Name = $"adversary against {spec.Name}", Frames = 1,
            ObservationShape = Shape.Create([spec.ObservationShape[0] * frames, .. spec.ObservationShape.Skip(1)]),
        };
    }

    /// <summary>
    /// Specification: the victim's stack of frames, before it is perturbed, and the actions of the victim.
    /// </summary>
    public EnvironmentSpec Spec { get; }

    /// <inheritdoc/>
    public long Carried
    {
        get => _game.Carried;
        set => _game.Carried = value;
    }

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        _game.Reset(seed, _clean.Newest);
        _clean.Repeat();
        _isFirst = true;
        Show(observation);
    }

    /// <inheritdoc/>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        Mislead(action.Index);
        int taken = VictimsAction();
        _clean.Advance();
        StepOutcome outcome = _game.Step(taken, _clean.Newest);
        Show(observation);
        return outcome with { Reward = 0 - outcome.Reward };
    }

    /// <summary>Disposes the game, if it can be.</summary>
    public void Dispose() => (_game as IDisposable)?.Dispose();

    /// <summary>Sends the victim an observation that is perturbed toward an action.</summary>
    private void Mislead(int wanted)
    {
        // Frames that the victim received before stay in its stack as they were received.
        _received.AsSpan(_changed).CopyTo(_received);
        Span<float> newest = _received.AsSpan()[^_changed..];
        _clean.Values[^_changed..].CopyTo(newest);
        _perturb(newest, _isFirst, wanted);
        for (int start = 0; _isFirst && start < _received.Length - _changed; start += _changed)
        {
            newest.CopyTo(_received.AsSpan(start));
        }

        _isFirst = false;
    }

    private int VictimsAction()
    {
        Span<float> action = stackalloc float[1];
        _runner.Run(_victim.Network, _received, count: 1, _outputs);
        _victim.Head.Greedy(_outputs, action);
        return (int)action[0];
    }

    private void Show(Span<float> observation)
    {
        if (!observation.IsEmpty)
        {
            _clean.Values.CopyTo(observation);
        }
    }
}
