using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>Adadelta: steps as large as recent ones in ratio to recent gradients. Decay is L2.</summary>
/// <remarks>
/// Source: Zeiler, arXiv:1212.5701, algorithm 1, as in torch.optim.Adadelta (whose rate defaults to 1).
/// </remarks>
public sealed record Adadelta : Optimizer
{
    private static readonly string[] SlotNames = ["square_avg", "acc_delta"];

    /// <summary>The defaults of torch.optim.Adadelta.</summary>
    public Adadelta() => LearningRate = 1;

    /// <summary>Rho: decay of both moving means, 0 to 1.</summary>
    public float Rho { get; init; } = 0.9f;

    /// <summary>Epsilon added under both square roots, not negative.</summary>
    public float Epsilon { get; init; } = 1e-6f;

    /// <inheritdoc/>
    public override string Name => "adadelta";

    internal override IReadOnlyList<string> Slots => SlotNames;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireFraction(Rho, nameof(Rho));
        RequireNotNegative(Epsilon, nameof(Epsilon));
    }

    private protected override void Step(in ParameterStep step, OptimizerState state) =>
        OptimizerSteps.Adadelta(step, state[0], state[1], new AdadeltaRule(Rho, Epsilon));
}
