using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>What an attack can obtain from its target; each level includes those listed before it.</summary>
public enum Access
{
    /// <summary>The predicted class.</summary>
    Decisions,

    /// <summary>Logits, or scores that rank the classes in the same order.</summary>
    Scores,

    /// <summary>Logits and the gradient of a loss with respect to the input.</summary>
    Gradients,
}

/// <summary>Computes the derivative of a loss with respect to the logits of one sample.</summary>
/// <param name="row">Index of the sample in the batch.</param>
/// <param name="logits">Logits of the sample, <c>[K]</c>.</param>
/// <param name="derivative">Receives the derivative, <c>[K]</c>; every entry is written.</param>
public delegate void LogitDerivative(int row, ReadOnlySpan<float> logits, Span<float> derivative);

/// <summary>
/// A model under attack: returns logits and, if it can, gradients. Samples are independent: the result for one does not
/// depend on the others in its batch.
/// </summary>
public abstract class AttackTarget
{
    /// <summary>Shape of one sample, <c>[C, H, W]</c> or <c>[D]</c>.</summary>
    public abstract Shape SampleShape { get; }

    /// <summary>Smallest allowed input value.</summary>
    public abstract float Minimum { get; }

    /// <summary>Largest allowed input value.</summary>
    public abstract float Maximum { get; }

    /// <summary>Number of classes K.</summary>
    public abstract int Classes { get; }

    /// <summary>Access that this target provides.</summary>
    public abstract Access Access { get; }

    /// <summary>Passes through the model per query; more than one if a query is an average.</summary>
    internal virtual int PassesPerQuery => 1;

    /// <summary>Computes the logits of a batch.</summary>
    /// <param name="x">Inputs <c>[N, D]</c>, row-major.</param>
    /// <param name="count">Number of samples N.</param>
    /// <param name="logits">Receives the logits <c>[N, K]</c>, row-major.</param>
    public abstract void Scores(ReadOnlySpan<float> x, int count, Span<float> logits);

    /// <summary>
    /// Computes logits and the gradient of a loss with respect to the inputs: one forward and one backward pass.
    /// </summary>
    /// <param name="x">Inputs <c>[N, D]</c>, row-major.</param>
    /// <param name="count">Number of samples N.</param>
    /// <param name="logits">Receives the logits <c>[N, K]</c>, row-major.</param>
    /// <param name="derivative">Derivative of the loss with respect to the logits.</param>
    /// <param name="gradient">Receives the gradient <c>[N, D]</c>, row-major.</param>
    /// <exception cref="NotSupportedException">The target provides no gradients.</exception>
    public virtual void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient) =>
        throw new NotSupportedException("AttackTarget: this target has no gradients; use an attack that needs "
            + "only scores or decisions, such as square or hop-skip-jump");
}
