using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>
/// The RMSprop optimizer: divides the gradient by the root mean square of recent gradients. Weight decay is L2.
/// </summary>
/// <remarks>
/// Source: Hinton, lecture 6e of "Neural networks for machine learning" (2012), as in torch.optim.RMSprop.
/// </remarks>
public sealed record RmsProp : Optimizer
{
    private static readonly string[] PlainSlots = ["square_avg"];
    private static readonly string[] CenteredSlots = ["square_avg", "grad_avg"];
    private static readonly string[] MomentumSlots = ["square_avg", "momentum_buffer"];
    private static readonly string[] AllSlots = ["square_avg", "grad_avg", "momentum_buffer"];

    /// <summary>Creates the optimizer with the defaults of torch.optim.RMSprop.</summary>
    public RmsProp() => LearningRate = 0.01f;

    /// <summary>
    /// Smoothing constant (alpha in PyTorch): decay rate of the moving average of squared gradients, 0 or more and
    /// below 1. Default: 0.99.
    /// </summary>
    public float Alpha { get; init; } = 0.99f;

    /// <summary>Epsilon added to the denominator, 0 or more. Default: 1e-8.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>Momentum, 0 or more and below 1; 0 (default): none.</summary>
    public float Momentum { get; init; }

    /// <summary>
    /// True for centered RMSprop, which divides by the standard deviation of the gradient; false (default): by its root
    /// mean square.
    /// </summary>
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
