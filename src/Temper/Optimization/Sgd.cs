using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>
/// Stochastic gradient descent, with momentum if wanted. Decay is L2 unless <see cref="DecoupledDecay"/>.
/// </summary>
/// <remarks>
/// Momentum as in torch.optim.SGD: v = momentum v + (1 - dampening) g, w = w - rate v; the first v is g.
/// </remarks>
public sealed record Sgd : Optimizer
{
    private static readonly string[] MomentumSlots = ["momentum_buffer"];

    /// <summary>Momentum, 0 to 1; 0 = off.</summary>
    public float Momentum { get; init; }

    /// <summary>Dampening of momentum, 0 to 1: the velocity takes (1 - dampening) times the gradient.</summary>
    public float Dampening { get; init; }

    /// <summary>Whether to use Nesterov momentum: the step is g + momentum v.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Whether weight decay is decoupled: it multiplies the weight by 1 - rate * decay instead of being added
    /// to the gradient.</summary>
    public bool DecoupledDecay { get; init; }

    /// <inheritdoc/>
    public override string Name => "sgd";

    internal override IReadOnlyList<string> Slots => Momentum == 0 ? Array.Empty<string>() : MomentumSlots;

    private protected override bool IsDecayDecoupled => DecoupledDecay;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireFraction(Momentum, nameof(Momentum));
        RequireFraction(Dampening, nameof(Dampening));
        if (Nesterov && (Momentum == 0 || Dampening != 0))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Nesterov), "sgd: Nesterov needs momentum and no dampening (got momentum "
                + $"{Momentum}, dampening {Dampening}); set them, or Nesterov to false");
        }
    }

    private protected override void Step(in ParameterStep step, OptimizerState state)
    {
        if (Momentum == 0)
        {
            OptimizerSteps.Sgd(step);
            return;
        }

        OptimizerSteps.SgdMomentum(
            step, state[0], new MomentumRule(Momentum, state.Steps == 1 ? 1 : 1 - Dampening, Nesterov));
    }
}
