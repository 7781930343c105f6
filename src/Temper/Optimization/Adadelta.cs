using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>
/// The Adadelta optimizer: scales the gradient by the ratio of the RMS of recent updates to the RMS of recent
/// gradients. Weight decay is L2.
/// </summary>
/// <remarks>
/// Source: Zeiler, arXiv:1212.5701, algorithm 1, as in torch.optim.Adadelta, whose default learning rate of 1 is used.
/// </remarks>
public sealed record Adadelta : Optimizer
{
    private static readonly string[] SlotNames = ["square_avg", "acc_delta"];

    /// <summary>Creates the optimizer with the defaults of torch.optim.Adadelta.</summary>
    public Adadelta() => LearningRate = 1;

    /// <summary>Rho: decay rate of both moving averages, 0 or more and below 1. Default: 0.9.</summary>
    public float Rho { get; init; } = 0.9f;

    /// <summary>Epsilon added under both square roots, 0 or more. Default: 1e-6.</summary>
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
