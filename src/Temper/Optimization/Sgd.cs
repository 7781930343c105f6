using System.Globalization;
using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>
/// Stochastic gradient descent with optional momentum. Weight decay is L2 unless <see cref="DecoupledDecay"/> is set.
/// </summary>
/// <remarks>
/// Momentum follows torch.optim.SGD: v = momentum v + (1 - dampening) g, w = w - rate v; in the first step, v = g.
/// </remarks>
public sealed record Sgd : Optimizer
{
    private static readonly string[] MomentumSlots = ["momentum_buffer"];

    /// <summary>Momentum, 0 or more and below 1; 0 (default): none.</summary>
    public float Momentum { get; init; }

    /// <summary>
    /// Dampening of the momentum, 0 or more and below 1: the gradient is multiplied by (1 - dampening). Default: 0.
    /// </summary>
    public float Dampening { get; init; }

    /// <summary>True for Nesterov momentum, with the step g + momentum v. Default: false.</summary>
    public bool Nesterov { get; init; }

    /// <summary>
    /// True if weight decay is decoupled: weights are multiplied by 1 - rate x decay, and the decay is not added to the
    /// gradient. Default: false.
    /// </summary>
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
            throw new ArgumentOutOfRangeException(nameof(Nesterov), string.Create(
                CultureInfo.InvariantCulture,
                $"sgd: Nesterov needs momentum above 0 and dampening 0 (got momentum {Momentum}, dampening "
                + $"{Dampening}); change them, or set Nesterov to false"));
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
