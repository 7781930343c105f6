using Temper.Networks;

namespace Temper.Optimization;

/// <summary>
/// Something added to the loss that depends on the weights alone: a regularizer. The trainer calls it once a parameter and step, after the
/// gradient of the loss and before clipping and the optimizer.
/// </summary>
public interface ITrainingTerm
{
    /// <summary>Name in logs and reports, for example <c>hoyer-square</c>.</summary>
    string Name { get; }

    /// <summary>Adds strength times the term's gradient in place.</summary>
    /// <param name="parameter">Name, role and shape of the weights: [O, I / groups, KH, KW] or [O, I] for those of layers.</param>
    /// <param name="weights">The weights, row-major.</param>
    /// <param name="gradient">Of the loss by the weights, as long; added to.</param>
    /// <returns>Strength times the term's value for these weights; 0, and nothing added, where the term does not apply.</returns>
    double AddGradient(Parameter parameter, ReadOnlySpan<float> weights, Span<float> gradient);
}
