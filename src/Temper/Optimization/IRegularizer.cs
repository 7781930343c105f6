using System.Buffers;
using Temper.Networks;

namespace Temper.Optimization;

/// <summary>
/// A regularizer: a term of the loss that depends only on the weights. It works in two phases, first sums over a tensor
/// and then the gradient from these sums, so that a tensor can be processed in blocks or be distributed over ranks.
/// </summary>
/// <remarks>For an example, see docs/how-to-add-an-objective-or-a-regularizer.md.</remarks>
public interface IRegularizer : IFingerprinted
{
    /// <summary>Name in logs and reports, for example <c>hoyer-square</c>.</summary>
    string Name { get; }

    /// <summary>Returns the number of sums needed for a parameter; 0: the regularizer does not apply to it.</summary>
    /// <param name="parameter">
    /// The parameter with name, role and shape; layer weights are [O, I / groups, KH, KW] or [O, I].
    /// </param>
    int SumCount(Parameter parameter);

    /// <summary>Phase 1: adds the contribution of a block to the sums.</summary>
    /// <param name="block">Consecutive weights of the parameter.</param>
    /// <param name="sums">The <see cref="SumCount"/> sums, zero before the first block.</param>
    void AddSums(in WeightBlock block, Span<double> sums);

    /// <summary>Computes the regularizer's value for a parameter, including its strength.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="sums">The sums over all blocks of the parameter.</param>
    double Value(Parameter parameter, ReadOnlySpan<double> sums);

    /// <summary>Phase 2: adds the gradient of <see cref="Value"/> to a gradient in place.</summary>
    /// <param name="block">Consecutive weights of the parameter.</param>
    /// <param name="sums">The sums over all blocks of the parameter.</param>
    /// <param name="gradient">
    /// Gradient of the loss with respect to the block's weights, of the same length; added to.
    /// </param>
    void AddGradient(in WeightBlock block, ReadOnlySpan<double> sums, Span<float> gradient);
}

/// <summary>A block of consecutive weights of a parameter, in row-major order.</summary>
public readonly ref struct WeightBlock
{
    /// <summary>The parameter, for its name, role and shape.</summary>
    public required Parameter Parameter { get; init; }

    /// <summary>Index of the block's first weight within the parameter.</summary>
    public int Start { get; init; }

    /// <summary>The weights.</summary>
    public required ReadOnlySpan<float> Weights { get; init; }
}

/// <summary>Runs both phases of a regularizer in one call, for a parameter whose weights are all in memory.</summary>
public static class RegularizerExtensions
{
    private const int SumsOnStack = 64;

    /// <summary>Adds a regularizer's gradient to a gradient in place.</summary>
    /// <param name="regularizer">The regularizer.</param>
    /// <param name="parameter">The parameter, for its name, role and shape.</param>
    /// <param name="weights">All weights of the parameter, in row-major order.</param>
    /// <param name="gradient">Gradient of the loss with respect to the weights, of the same length; added to.</param>
    /// <returns>
    /// The regularizer's value, including its strength. If it does not apply to the parameter, 0, and nothing is added.
    /// </returns>
    public static double AddGradient(
        this IRegularizer regularizer, Parameter parameter, ReadOnlySpan<float> weights, Span<float> gradient)
    {
        int count = regularizer.SumCount(parameter);
        if (count == 0)
        {
            return 0;
        }

        double[]? rented = count > SumsOnStack ? ArrayPool<double>.Shared.Rent(count) : null;
        Span<double> sums = rented is null ? stackalloc double[SumsOnStack] : rented;
        sums = sums[..count];
        sums.Clear();
        var block = new WeightBlock { Parameter = parameter, Weights = weights };
        regularizer.AddSums(block, sums);
        double value = regularizer.Value(parameter, sums);
        regularizer.AddGradient(block, sums, gradient);
        if (rented is not null)
        {
            ArrayPool<double>.Shared.Return(rented);
        }

        return value;
    }
}
