using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>What an attack may ask of its target; each kind includes those before it.</summary>
public enum Access
{
    /// <summary>The winning class.</summary>
    Decisions,

    /// <summary>Logits, or scores in the same order.</summary>
    Scores,

    /// <summary>Logits and their gradient to the input.</summary>
    Gradients,
}

/// <summary>Gives the derivative of a loss by the logits of one sample, from the logits.</summary>
/// <param name="row">Index of the sample in the batch.</param>
/// <param name="logits"><c>[K]</c>.</param>
/// <param name="derivative">Receives the derivative, <c>[K]</c>; zero when the call begins.</param>
public delegate void LogitDerivative(int row, ReadOnlySpan<float> logits, Span<float> derivative);

/// <summary>
/// What is attacked: anything that gives logits and, if it can, gradients. Targets treat samples apart: the answer for
/// one does not depend on the others that are asked with it.
/// </summary>
public abstract class AttackTarget
{
    /// <summary>Shape of one sample, <c>[C, H, W]</c> or <c>[D]</c>.</summary>
    public abstract Shape SampleShape { get; }

    /// <summary>Smallest value of an input.</summary>
    public abstract float Minimum { get; }

    /// <summary>Largest value of an input.</summary>
    public abstract float Maximum { get; }

    /// <summary>K, the number of classes.</summary>
    public abstract int Classes { get; }

    /// <summary>What may be asked.</summary>
    public abstract Access Access { get; }

    /// <summary>Logits of some samples.</summary>
    /// <param name="x"><c>[N, D]</c>, row-major.</param>
    /// <param name="count">N.</param>
    /// <param name="logits">Receives <c>[N, K]</c>.</param>
    public abstract void Scores(ReadOnlySpan<float> x, int count, Span<float> logits);

    /// <summary>Logits, and the gradient of a loss to the inputs: one forward and one backward pass.</summary>
    /// <param name="x"><c>[N, D]</c>, row-major.</param>
    /// <param name="count">N.</param>
    /// <param name="logits">Receives <c>[N, K]</c>.</param>
    /// <param name="derivative">The loss, by its derivative.</param>
    /// <param name="gradient">Receives <c>[N, D]</c>.</param>
    /// <exception cref="NotSupportedException">The target has no gradients.</exception>
    public virtual void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient) =>
        throw new NotSupportedException("AttackTarget: this target has no gradients; use an attack that asks for "
            + "scores or decisions, such as square or hop-skip-jump");
}
