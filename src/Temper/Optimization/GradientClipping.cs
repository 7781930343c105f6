using System.Globalization;
using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>Clips gradients: each element, or the norm of all gradients together.</summary>
public sealed record GradientClipping
{
    /// <summary>Maximum L2 norm of all gradients together, above 0; null: not limited.</summary>
    public float? MaxNorm { get; init; }

    /// <summary>Maximum absolute value of a gradient element, above 0; null: not limited.</summary>
    public float? MaxValue { get; init; }

    /// <summary>
    /// Computes the sum of squares of a gradient. Sum it over all parameters and pass it to <see cref="ScaleFor"/>.
    /// </summary>
    /// <param name="gradient">The gradient; any length.</param>
    /// <returns>The sum in double precision, identical for any number of threads.</returns>
    public static double SumOfSquares(ReadOnlySpan<float> gradient) => Reductions.SumOfSquares(gradient);

    /// <summary>Clips each element in place to <see cref="MaxValue"/>; does nothing if it is null.</summary>
    /// <param name="gradient">The gradient, modified in place; NaN stays NaN.</param>
    public void ClipValues(Span<float> gradient)
    {
        if (MaxValue is float bound)
        {
            Elementwise.Apply(new Clamp(-bound, bound), gradient, gradient);
        }
    }

    /// <summary>Computes the factor that scales all gradients to a norm of at most <see cref="MaxNorm"/>.</summary>
    /// <param name="sumOfSquares">Sum of squares over all parameters.</param>
    /// <returns>
    /// min(1, MaxNorm / (norm + 1e-6)), as in torch.nn.utils.clip_grad_norm_; 1 if <see cref="MaxNorm"/> is null. Use
    /// it for <see cref="ParameterUpdate.GradientScale"/>.
    /// </returns>
    public float ScaleFor(double sumOfSquares) =>
        MaxNorm is float bound ? (float)Math.Min(1, bound / (Math.Sqrt(sumOfSquares) + 1e-6)) : 1;

    /// <summary>Throws if a limit is not positive.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A limit is 0, negative or NaN; the message contains its name.
    /// </exception>
    public void Validate()
    {
        Require(MaxNorm, nameof(MaxNorm));
        Require(MaxValue, nameof(MaxValue));
    }

    private static void Require(float? bound, string option)
    {
        if (bound is not (null or > 0))
        {
            throw new ArgumentOutOfRangeException(option, string.Create(
                CultureInfo.InvariantCulture,
                $"gradient clipping: {option} is out of range (got {bound}, expected above 0)"));
        }
    }
}
