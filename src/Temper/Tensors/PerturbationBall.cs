using System.Globalization;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// The set of allowed perturbed inputs: within a radius of the clean inputs and within the input bounds. Its methods
/// make the steps of projected gradient descent attacks (arXiv:1706.06083): they move, project and clip in one pass
/// over memory.
/// </summary>
/// <param name="Center">The clean inputs, float32 <c>[N, ...]</c>, within the bounds.</param>
/// <param name="Radius">
/// Largest distance of a perturbed sample from its clean input, in units of the inputs; 0 or more.
/// </param>
/// <remarks>
/// A step returns a new tensor, in the memory of the current <see cref="TensorScope"/> if there is one. Steps have no
/// gradient: calling one while a tape tracks one of its inputs is an error. NaN in the input or the gradient gives NaN.
/// </remarks>
public sealed record PerturbationBall(Tensor Center, float Radius)
{
    /// <summary>Smallest input value [default: 0].</summary>
    public float Low { get; init; }

    /// <summary>Largest input value [default: 1].</summary>
    public float High { get; init; } = 1;

    /// <summary>
    /// Makes a step in the L∞ norm: computes <c>x + size sign(g)</c>, projects it onto the box of points at most
    /// <see cref="Radius"/> from the center in each element, and clips it to the bounds.
    /// </summary>
    /// <param name="x">Perturbed inputs, of the shape of <see cref="Center"/>.</param>
    /// <param name="gradient">Gradient at <paramref name="x"/>, of the same shape.</param>
    /// <param name="size">Distance by which each element moves; negative: against the gradient.</param>
    /// <returns>The perturbed inputs after the step.</returns>
    /// <exception cref="ShapeMismatchException">The shapes differ.</exception>
    /// <exception cref="ArgumentException">
    /// A dtype is not float32, or a number is not finite or is out of range.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// An open tape tracks <paramref name="x"/>, <paramref name="gradient"/> or the center.
    /// </exception>
    public Tensor SignStep(Tensor x, Tensor gradient, float size) => Step(x, gradient, size, isNormalized: false);

    /// <summary>
    /// Makes a step in the L2 norm of each sample: computes <c>x + size g / |g|</c>, moves it toward the center until
    /// it is at most <see cref="Radius"/> away, and clips it to the bounds. A sample with zero gradient makes no step.
    /// </summary>
    /// <param name="x">Perturbed inputs, of the shape of <see cref="Center"/>; axis 0 is the batch.</param>
    /// <param name="gradient">Gradient at <paramref name="x"/>, of the same shape.</param>
    /// <param name="size">Distance by which each sample moves; negative: against the gradient.</param>
    /// <inheritdoc cref="SignStep"/>
    public Tensor NormalizedStep(Tensor x, Tensor gradient, float size) => Step(x, gradient, size, isNormalized: true);

    private Tensor Step(Tensor x, Tensor gradient, float size, bool isNormalized)
    {
        if (!(Radius >= 0 && float.IsFinite(Radius) && Low <= High && float.IsFinite(size)))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"PerturbationBall: invalid value (got radius {Radius}, bounds {Low} to {High}, step {size}); "
                + $"expected a finite radius of 0 or more, Low <= High, and a finite step"));
        }

        return new PerturbationStepOperation(
            x, gradient, Center, new PerturbationStep(size, Radius, Low, High), isNormalized).Apply();
    }
}

/// <summary>A step of a projected gradient attack. It has no gradient.</summary>
internal sealed class PerturbationStepOperation(
    Tensor x, Tensor gradient, Tensor center, PerturbationStep step, bool isNormalized)
    : Operation(x, gradient, center)
{
    internal override string Name => isNormalized ? "PerturbationBall.NormalizedStep" : "PerturbationBall.SignStep";

    protected override Tensor Forward()
    {
        Check();

        // Networks return image gradients in channels-last layout, and accept inputs in it without a copy.
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
        new($"{Name}: has no gradient, but a tape tracks an input; close the tape first, or Detach() the input");

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
                    Name, input.Shape, center.Shape, "input, gradient and center must have the same shape");
            }

            if (input.DType != DType.Float32)
            {
                throw new ArgumentException($"{Name}: needs float32 (got {input.DType}); convert it first");
            }
        }
    }
}
