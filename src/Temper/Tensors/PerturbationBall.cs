using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// Where perturbed inputs may be: within a radius of the clean ones and within the bounds of inputs. Steps of projected
/// gradient attacks (arXiv:1706.06083) move, project and clip in one pass over memory.
/// </summary>
/// <param name="Center">The clean inputs, float32 <c>[N, ...]</c>, within the bounds.</param>
/// <param name="Radius">The largest distance of each sample, in units of the inputs; zero or more.</param>
/// <remarks>
/// A step gives a new tensor in memory of the current <see cref="TensorScope"/>, if there is one. Steps have no
/// gradient: called while a tape follows one of their inputs they are an error. NaN in the input or the gradient gives
/// NaN.
/// </remarks>
public sealed record PerturbationBall(Tensor Center, float Radius)
{
    /// <summary>The smallest value of an input; 0 by default.</summary>
    public float Low { get; init; }

    /// <summary>The largest value of an input; 1 by default.</summary>
    public float High { get; init; } = 1;

    /// <summary>
    /// A step in the L∞ norm: <c>x + size sign(g)</c>, moved into the box of all points at most <see cref="Radius"/>
    /// away from the center in each element, then into the bounds.
    /// </summary>
    /// <param name="x">The perturbed inputs, shape of <see cref="Center"/>.</param>
    /// <param name="gradient">The gradient at <paramref name="x"/>, same shape.</param>
    /// <param name="size">How far each element moves; below zero: against the gradient.</param>
    /// <returns>The perturbed inputs after the step.</returns>
    /// <exception cref="ShapeMismatchException">The shapes differ.</exception>
    /// <exception cref="ArgumentException">
    /// A dtype is not float32, or a number is not finite or out of its range.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// An open tape follows <paramref name="x"/>, <paramref name="gradient"/> or the center.
    /// </exception>
    public Tensor SignStep(Tensor x, Tensor gradient, float size) => Step(x, gradient, size, isNormalized: false);

    /// <summary>
    /// A step in the 2-norm of each sample: <c>x + size g / |g|</c>, moved straight towards the center until it is at
    /// most <see cref="Radius"/> away, then into the bounds. A sample whose gradient is zero makes no step.
    /// </summary>
    /// <param name="x">The perturbed inputs, shape of <see cref="Center"/>, samples along axis 0.</param>
    /// <param name="gradient">The gradient at <paramref name="x"/>, same shape.</param>
    /// <param name="size">How far each sample moves; below zero: against the gradient.</param>
    /// <inheritdoc cref="SignStep"/>
    public Tensor NormalizedStep(Tensor x, Tensor gradient, float size) => Step(x, gradient, size, isNormalized: true);

    private Tensor Step(Tensor x, Tensor gradient, float size, bool isNormalized)
    {
        if (!(Radius >= 0 && float.IsFinite(Radius) && Low <= High && float.IsFinite(size)))
        {
            throw new ArgumentException(
                $"PerturbationBall: numbers do not fit (got radius {Radius}, bounds {Low} to {High}, step {size}); "
                + "expected a finite radius of zero or more, Low at most High, a finite step");
        }

        return new PerturbationStepOperation(
            x, gradient, Center, new PerturbationStep(size, Radius, Low, High), isNormalized).Apply();
    }
}

/// <summary>A step that no tape can record.</summary>
internal sealed class PerturbationStepOperation(
    Tensor x, Tensor gradient, Tensor center, PerturbationStep step, bool isNormalized)
    : Operation(x, gradient, center)
{
    internal override string Name => isNormalized ? "PerturbationBall.NormalizedStep" : "PerturbationBall.SignStep";

    protected override Tensor Forward()
    {
        Check();

        // Networks give gradients of images channels-last, and take such images as they are.
        (Tensor from, Tensor clean) = (x.InLayoutOf(gradient), center.InLayoutOf(gradient));
        Tensor y = Tensor.Allocate(x.Shape, gradient.Layout);
        if (isNormalized)
        {
            PerturbationSteps.Normalized(
                step, from.Physical(), gradient.Physical(), clean.Physical(), y.Writable(),
                x.Rank == 0 ? 1 : x.Shape[0]);
        }
        else
        {
            PerturbationSteps.Sign(step, from.Physical(), gradient.Physical(), clean.Physical(), y.Writable());
        }

        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs) => throw NoGradient();

    private InvalidOperationException NoGradient() =>
        new($"{Name}: has no gradient; close the tape first, or detach what it follows");

    private void Check()
    {
        if (IsRecorded)
        {
            throw NoGradient();
        }

        foreach (Tensor input in Inputs)
        {
            if (!input.Shape.Equals(center.Shape))
            {
                throw new ShapeMismatchException(
                    Name, input.Shape, center.Shape, "input, gradient and center have one shape");
            }

            if (input.DType != DType.Float32)
            {
                throw new ArgumentException($"{Name}: needs float32 (got {input.DType}); convert it first");
            }
        }
    }
}
