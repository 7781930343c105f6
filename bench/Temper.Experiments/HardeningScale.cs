using System.Globalization;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;

namespace Temper.Experiments;

/// <summary>Scale of a table; fixed before results are known.</summary>
internal sealed record HardeningScale(
    string Network, int Count, int Seeds, int WarmEpochs, float Rate, int Batch, int Rounds, int Epochs, int Probed,
    double Examples, double Share, double Alpha, double RateFactor,
    double Epsilon, int Steps, double DefenseRate, int Measured, int Queries, double Linf, double L2, double Drop)
{
    /// <summary><see cref="FeedbackOptions.MaxAlpha"/> where not given.</summary>
    private const double DefaultAlpha = 1.1;

    /// <summary>Budgets of AutoAttack.</summary>
    internal IReadOnlyList<AttackBudget> Budgets => [new(Norm.Linf, Linf), new(Norm.L2, L2)];

    /// <summary>Part of the folder name, distinct for each scale; the number of seeds is not included.</summary>
    internal string Name => string.Create(
        CultureInfo.InvariantCulture,
        $"{Network}-{Count}-{WarmEpochs}-{Rate}-{Batch}-{Rounds}x{Epochs}-{Probed}-{Examples}-{Share}-{RateFactor}-"
        + $"{Epsilon}x{Steps}-{DefenseRate}-{Measured}-{Queries}-{Linf}-{L2}-{Drop}"
        + $"{(Alpha == DefaultAlpha ? "" : $"-alpha-{Alpha}")}");

    internal static HardeningScale Read(Dictionary<string, string> set)
    {
        return new(
            set.GetValueOrDefault("network", "lenet-5"), (int)Number("count", 20_000), (int)Number("seeds", 3),
            (int)Number("warm", 10), (float)Number("rate", 1e-3), (int)Number("batch", 64),
            (int)Number("rounds", 5), (int)Number("epochs", 2), (int)Number("probed", 2000), Number("examples", 0.3),
            Number("share", 0.3), Number("alpha", DefaultAlpha), Number("ratefactor", 0.1),
            Number("epsilon", 0.05), (int)Number("steps", 10), Number("defenserate", 1), (int)Number("measured", 500),
            (int)Number("queries", 5000), Number("linf", 0.03), Number("l2", 0.5),
            Number("drop", 0.005));

        double Number(string name, double defaultValue) =>
            set.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : defaultValue;
    }
}
