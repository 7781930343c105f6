using Temper.Optimization;

namespace Temper.Outside;

/// <summary>The Lion optimizer (arXiv:2302.06675, algorithm 2), with decoupled weight decay.</summary>
public sealed record Lion : CustomOptimizer
{
    private static readonly string[] Names = ["exp_avg"];

    /// <summary>Weight of the mean in the direction of the update, 0 or more and below 1.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>Decay rate of the mean, 0 or more and below 1.</summary>
    public float Beta2 { get; init; } = 0.99f;

    /// <inheritdoc/>
    public override string Name => "lion";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> StateNames => Names;

    /// <inheritdoc/>
    protected override bool DecouplesWeightDecay => true;

    /// <inheritdoc/>
    protected override void Update(
        Span<float> weights, ReadOnlySpan<float> gradient, float rate, OptimizerState state)
    {
        float[] mean = state.Slots[0].Values;
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] -= rate * MathF.Sign((Beta1 * mean[i]) + ((1 - Beta1) * gradient[i]));
            mean[i] = (Beta2 * mean[i]) + ((1 - Beta2) * gradient[i]);
        }
    }
}
