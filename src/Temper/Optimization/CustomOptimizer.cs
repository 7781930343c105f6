using System.Buffers;
using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>
/// Base class for optimizers of your own. Gradient clipping, weight decay and masks are applied by this class, so a
/// derived record has only the formula of the update.
/// </summary>
/// <remarks>
/// Checkpoints identify the optimizer by its type and its text, which contains all public properties, and save its
/// state. The update must be a function of its arguments and the options only; then a resumed run gives the same bytes.
/// </remarks>
/// <example>Lion (arXiv:2302.06675), with <c>WeightDecay</c> decoupled as in the paper:
/// <code>
/// public sealed record Lion : CustomOptimizer
/// {
///     private static readonly string[] Names = ["exp_avg"];
///
///     public override string Name => "lion";
///
///     protected override IReadOnlyList&lt;string&gt; StateNames => Names;
///
///     protected override bool DecouplesWeightDecay => true;
///
///     protected override void Update(
///         Span&lt;float&gt; weights, ReadOnlySpan&lt;float&gt; gradient, float rate, OptimizerState state)
///     {
///         float[] mean = state.Slots[0].Values;
///         for (int i = 0; i &lt; weights.Length; i++)
///         {
///             weights[i] -= rate * MathF.Sign((0.9f * mean[i]) + (0.1f * gradient[i]));
///             mean[i] = (0.99f * mean[i]) + (0.01f * gradient[i]);
///         }
///     }
/// }
/// </code></example>
public abstract record CustomOptimizer : Optimizer
{
    /// <summary>Creates an optimizer whose options are set by an initializer.</summary>
    protected CustomOptimizer()
    {
    }

    /// <summary>
    /// Names of the state arrays, each with one number per weight, initially 0; they must not change during a run.
    /// </summary>
    protected abstract IReadOnlyList<string> StateNames { get; }

    /// <summary>
    /// True if weights are multiplied by 1 - rate x decay before the update; false (default) if decay x weight is added
    /// to the gradient.
    /// </summary>
    protected virtual bool DecouplesWeightDecay => false;

    internal sealed override IReadOnlyList<string> Slots => StateNames;

    private protected sealed override bool IsDecayDecoupled => DecouplesWeightDecay;

    /// <summary>Updates the weights of one parameter in place.</summary>
    /// <param name="weights">The weights. Masked ones are set to 0 after the update.</param>
    /// <param name="gradient">
    /// Gradient of the weights, after clipping, with the weight decay included unless <see
    /// cref="DecouplesWeightDecay"/> is true.
    /// </param>
    /// <param name="rate">Learning rate, with the factors of schedule and parameter groups.</param>
    /// <param name="state">
    /// State of this parameter, updated in place: the arrays of <see cref="StateNames"/>, and the number of steps
    /// including this one.
    /// </param>
    protected abstract void Update(Span<float> weights, ReadOnlySpan<float> gradient, float rate, OptimizerState state);

    private protected sealed override void Step(in ParameterStep step, OptimizerState state)
    {
        int length = step.Value.Length;
        Elementwise.RequireLength(step.Gradient.Length, length);
        Elementwise.RequireLength(step.Mask.Length, step.Mask.IsEmpty ? 0 : length);
        float[] rented = ArrayPool<float>.Shared.Rent(length);
        try
        {
            Span<float> gradient = rented.AsSpan(0, length);
            for (int i = 0; i < length; i++)
            {
                gradient[i] = (step.Gradient[i] * step.GradientScale) + (step.Decay * step.Value[i]);
                step.Value[i] *= step.Shrink;
            }

            Update(step.Value, gradient, step.Rate, state);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }

        for (int i = 0; i < step.Mask.Length; i++)
        {
            step.Value[i] = step.Mask[i] == 0 ? 0 : step.Value[i];
        }
    }
}
