using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>Adam with L2 decay: weight decay enters the gradient.</summary>
/// <remarks>Source: Kingma, Ba, arXiv:1412.6980, algorithm 1, as in torch.optim.Adam.</remarks>
public sealed record Adam : AdamFamily
{
    /// <inheritdoc/>
    public override string Name => "adam";
}

/// <summary>Adam with decoupled decay: the weight is multiplied by 1 - rate decay.</summary>
/// <remarks>Source: Loshchilov, Hutter, arXiv:1711.05101, algorithm 2, as in torch.optim.AdamW.</remarks>
public sealed record AdamW : AdamFamily
{
    /// <summary>The defaults of torch.optim.AdamW: those of Adam with a weight decay of 0.01.</summary>
    public AdamW() => WeightDecay = 0.01f;

    /// <inheritdoc/>
    public override string Name => "adamw";

    private protected override bool IsDecayDecoupled => true;
}

/// <summary>What Adam and AdamW share.</summary>
public abstract record AdamFamily : Optimizer
{
    private static readonly string[] SlotNames = ["exp_avg", "exp_avg_sq"];

    private protected AdamFamily()
    {
    }

    /// <summary>Beta 1: decay of the moving mean of the gradient, 0 to 1.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>Beta 2: decay of the moving mean of the squared gradient, 0 to 1.</summary>
    public float Beta2 { get; init; } = 0.999f;

    /// <summary>Epsilon added to the denominator, not negative.</summary>
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
