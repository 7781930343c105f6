namespace Temper.Reinforcement.Agents;

/// <summary>Summary statistics of episode returns.</summary>
/// <param name="Mean">Mean return.</param>
/// <param name="Low">Lower end of the mean's 95 % confidence interval (1.96 standard errors).</param>
/// <param name="High">Upper end of the mean's 95 % confidence interval.</param>
/// <param name="Min">Smallest return.</param>
/// <param name="Max">Largest return.</param>
public readonly record struct ReturnStatistics(double Mean, double Low, double High, double Min, double Max)
{
    /// <summary>Computes the statistics of the given returns.</summary>
    /// <param name="returns">Episode returns; at least one.</param>
    public static ReturnStatistics Of(IReadOnlyList<double> returns)
    {
        ArgumentOutOfRangeException.ThrowIfZero(returns.Count);
        double mean = returns.Average();
        double variance =
            returns.Count > 1 ? returns.Sum(value => (value - mean) * (value - mean)) / (returns.Count - 1) : 0;
        double half = 1.96 * Math.Sqrt(variance / returns.Count);
        return new ReturnStatistics(mean, mean - half, mean + half, returns.Min(), returns.Max());
    }
}
