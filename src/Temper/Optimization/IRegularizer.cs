using System.Buffers;
using Temper.Networks;

namespace Temper.Optimization;

/// <summary>
/// A regularizer: something added to the loss that depends on the weights alone. It works in two phases, sums over a
/// tensor and then the gradient from the sums, so that a tensor may be taken in blocks or be spread over ranks.
/// </summary>
/// <remarks>docs/how-to-add-an-objective-or-a-regularizer.md shows one.</remarks>
public interface IRegularizer : IFingerprinted
{
    /// <summary>Name in logs and reports, for example <c>hoyer-square</c>.</summary>
    string Name { get; }

    /// <summary>How many sums a parameter needs; 0: the regularizer does not apply to it.</summary>
    /// <param name="parameter">Name, role and shape: [O, I / groups, KH, KW] or [O, I] for weights of layers.</param>
    int SumCount(Parameter parameter);

    /// <summary>Phase one: adds what a block contributes to the sums.</summary>
    /// <param name="block">Consecutive weights of the parameter.</param>
    /// <param name="sums"><see cref="SumCount"/> numbers, zero before the first block.</param>
    void AddSums(in WeightBlock block, Span<double> sums);

    /// <summary>The regularizer's value for the parameter, strength included.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="sums">Over all of its blocks.</param>
    double Value(Parameter parameter, ReadOnlySpan<double> sums);

    /// <summary>Phase two: adds the gradient of <see cref="Value"/> in place.</summary>
    /// <param name="block">Consecutive weights of the parameter.</param>
    /// <param name="sums">Over all of its blocks.</param>
    /// <param name="gradient">Of the loss by the block's weights, as long; added to.</param>
    void AddGradient(in WeightBlock block, ReadOnlySpan<double> sums, Span<float> gradient);
}

/// <summary>Consecutive weights of a parameter, row-major.</summary>
public readonly ref struct WeightBlock
{
    /// <summary>The parameter: name, role, shape.</summary>
    public required Parameter Parameter { get; init; }

    /// <summary>Index of the first weight in the parameter.</summary>
    public int Start { get; init; }

    /// <summary>The weights.</summary>
    public required ReadOnlySpan<float> Weights { get; init; }
}

/// <summary>Both phases at once, for a parameter that lies whole in memory.</summary>
public static class RegularizerExtensions
{
    private const int SumsOnStack = 64;

    /// <summary>Adds a regularizer's gradient in place.</summary>
    /// <param name="regularizer">The regularizer.</param>
    /// <param name="parameter">Name, role and shape.</param>
    /// <param name="weights">All weights, row-major.</param>
    /// <param name="gradient">Of the loss by the weights, as long; added to.</param>
    /// <returns>The regularizer's value, strength included; 0, and nothing added, where it does not apply.</returns>
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
