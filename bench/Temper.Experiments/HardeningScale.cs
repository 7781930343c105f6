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

    internal static HardeningScale Read(TableArguments given) => new(
        given.Text("network", "lenet-5"), given.Count("count", 20_000), given.Count("seeds", 3),
        given.Count("warm", 10), (float)given.Real("rate", 1e-3), given.Count("batch", 64), given.Count("rounds", 5),
        given.Count("epochs", 2), given.Count("probed", 2000), given.Real("examples", 0.3), given.Real("share", 0.3),
        given.Real("alpha", DefaultAlpha), given.Real("ratefactor", 0.1), given.Real("epsilon", 0.05),
        given.Count("steps", 10), given.Real("defenserate", 1), given.Count("measured", 500),
        given.Count("queries", 5000), given.Real("linf", 0.03), given.Real("l2", 0.5), given.Real("drop", 0.005));
}
