using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>The Adam optimizer, with L2 weight decay: the decay is added to the gradient.</summary>
/// <remarks>Source: Kingma, Ba, arXiv:1412.6980, algorithm 1, as in torch.optim.Adam.</remarks>
public sealed record Adam : AdamFamily
{
    /// <inheritdoc/>
    public override string Name => "adam";
}

/// <summary>
/// The AdamW optimizer, with decoupled weight decay: weights are multiplied by 1 - learning rate x weight decay.
/// </summary>
/// <remarks>Source: Loshchilov, Hutter, arXiv:1711.05101, algorithm 2, as in torch.optim.AdamW.</remarks>
public sealed record AdamW : AdamFamily
{
    /// <summary>
    /// Creates the optimizer with the defaults of torch.optim.AdamW: those of Adam and a weight decay of 0.01.
    /// </summary>
    public AdamW() => WeightDecay = 0.01f;

    /// <inheritdoc/>
    public override string Name => "adamw";

    private protected override bool IsDecayDecoupled => true;
}

/// <summary>Common base of Adam and AdamW.</summary>
public abstract record AdamFamily : Optimizer
{
    private static readonly string[] SlotNames = ["exp_avg", "exp_avg_sq"];

    private protected AdamFamily()
    {
    }

    /// <summary>
    /// Beta 1: decay rate of the moving average of the gradient, 0 or more and below 1. Default: 0.9.
    /// </summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>
    /// Beta 2: decay rate of the moving average of the squared gradient, 0 or more and below 1. Default: 0.999.
    /// </summary>
    public float Beta2 { get; init; } = 0.999f;

    /// <summary>Epsilon added to the denominator, 0 or more. Default: 1e-8.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    internal override IReadOnlyList<string> Slots => SlotNames;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireFraction(Beta1, nameof(Beta1));
        RequireFraction(Beta2, nameof(Beta2));
        RequireNotNegative(Epsilon, nameof(Epsilon));
    }

    private protected override void Step(in ParameterStep step, OptimizerState state)
    {
        double bias1 = 1 - Math.Pow(Beta1, state.Steps), bias2 = 1 - Math.Pow(Beta2, state.Steps);
        OptimizerSteps.Adam(step, state[0], state[1], new AdamRule(
            Beta1, Beta2, Epsilon, (float)(1 / bias1), (float)(1 / Math.Sqrt(bias2))));
    }
}
