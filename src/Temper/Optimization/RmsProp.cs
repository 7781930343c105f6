using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>RMSprop: steps in ratio to the root mean square of recent gradients. Decay is L2.</summary>
/// <remarks>
/// Source: Hinton, lecture 6e of "Neural networks for machine learning" (2012), as in torch.optim.RMSprop.
/// </remarks>
public sealed record RmsProp : Optimizer
{
    private static readonly string[] PlainSlots = ["square_avg"];
    private static readonly string[] CenteredSlots = ["square_avg", "grad_avg"];
    private static readonly string[] MomentumSlots = ["square_avg", "momentum_buffer"];
    private static readonly string[] AllSlots = ["square_avg", "grad_avg", "momentum_buffer"];

    /// <summary>The defaults of torch.optim.RMSprop.</summary>
    public RmsProp() => LearningRate = 0.01f;

    /// <summary>Smoothing constant (alpha in PyTorch): decay of the moving mean of squared gradients, 0 to 1.</summary>
    public float Alpha { get; init; } = 0.99f;

    /// <summary>Epsilon added to the denominator, not negative.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>Momentum, 0 to 1; 0 = off.</summary>
    public float Momentum { get; init; }

    /// <summary>Whether to divide by the standard deviation of the gradient (centered RMSprop) instead of its root mean
    /// square.</summary>
    public bool Centered { get; init; }

    /// <inheritdoc/>
    public override string Name => "rmsprop";

    internal override IReadOnlyList<string> Slots => (Centered, Momentum != 0) switch
    {
        (false, false) => PlainSlots,
        (true, false) => CenteredSlots,
        (false, true) => MomentumSlots,
        (true, true) => AllSlots,
    };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireFraction(Alpha, nameof(Alpha));
        RequireNotNegative(Epsilon, nameof(Epsilon));
        RequireFraction(Momentum, nameof(Momentum));
    }

    private protected override void Step(in ParameterStep step, OptimizerState state)
    {
        Span<float> mean = Centered ? state[1] : default;
        Span<float> velocity = Momentum != 0 ? state[Centered ? 2 : 1] : default;
        OptimizerSteps.RmsProp(step, state[0], mean, velocity, new RmsPropRule(Alpha, Epsilon, Momentum, Centered));
    }
}
