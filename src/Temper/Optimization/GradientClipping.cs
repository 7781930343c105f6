using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>Bounds gradients: each element, or the length of all together.</summary>
public sealed record GradientClipping
{
    /// <summary>Largest L2 norm of all gradients together, positive; null = off.</summary>
    public float? MaxNorm { get; init; }

    /// <summary>Largest magnitude of a gradient's element, positive; null = off.</summary>
    public float? MaxValue { get; init; }

    /// <summary>The sum of squares of a gradient: add it up over all parameters for <see cref="ScaleFor"/>.</summary>
    /// <param name="gradient">Any length.</param>
    /// <returns>Summed in double precision, the same for any number of threads.</returns>
    public static double SumOfSquares(ReadOnlySpan<float> gradient) => Reductions.SumOfSquares(gradient);

    /// <summary>Bounds each element in place if <see cref="MaxValue"/> says so.</summary>
    /// <param name="gradient">Changed; NaN stays NaN.</param>
    public void ClipValues(Span<float> gradient)
    {
        if (MaxValue is float bound)
        {
            Elementwise.Apply(new Clamp(-bound, bound), gradient, gradient);
        }
    }

    /// <summary>Factor for all gradients that makes their norm at most <see cref="MaxNorm"/>.</summary>
    /// <param name="sumOfSquares">Over all parameters.</param>
    /// <returns>
    /// For <see cref="ParameterUpdate.GradientScale"/>: min(1, MaxNorm / (norm + 1e-6)), as
    /// torch.nn.utils.clip_grad_norm_.
    /// </returns>
    public float ScaleFor(double sumOfSquares) =>
        MaxNorm is float bound ? (float)Math.Min(1, bound / (Math.Sqrt(sumOfSquares) + 1e-6)) : 1;

    /// <summary>Throws when a bound is not positive.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the bound.</exception>
    public void Validate()
    {
        Require(MaxNorm, nameof(MaxNorm));
        Require(MaxValue, nameof(MaxValue));
    }

    private static void Require(float? bound, string option)
    {
        if (bound is not (null or > 0))
        {
            throw new ArgumentOutOfRangeException(
                option, $"gradient clipping: {option} is out of range (got {bound}, expected above 0)");
        }
    }
}
