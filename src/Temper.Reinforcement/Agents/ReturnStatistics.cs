namespace Temper.Reinforcement.Agents;

/// <summary>Summary statistics of episode returns.</summary>
/// <param name="Mean">Mean return.</param>
/// <param name="Low">
/// Lower end of the mean's 95 % confidence interval (Student's t with n - 1 degrees of freedom); NaN for one return.
/// </param>
/// <param name="High">Upper end of the mean's 95 % confidence interval; NaN for one return.</param>
/// <param name="Min">Smallest return.</param>
/// <param name="Max">Largest return.</param>
public readonly record struct ReturnStatistics(double Mean, double Low, double High, double Min, double Max)
{
    private const double Confidence = 0.95;

    /// <summary>Computes the statistics of the given returns.</summary>
    /// <param name="returns">Episode returns; at least one. The interval needs two.</param>
    public static ReturnStatistics Of(IReadOnlyList<double> returns)
    {
        ArgumentOutOfRangeException.ThrowIfZero(returns.Count);
        double mean = returns.Average(), half = double.NaN;
        int freedom = returns.Count - 1;
        if (freedom > 0)
        {
            double variance = returns.Sum(value => (value - mean) * (value - mean)) / freedom;
            half = StudentDistribution.TwoSidedQuantile(Confidence, freedom) * Math.Sqrt(variance / returns.Count);
        }

        return new ReturnStatistics(mean, mean - half, mean + half, returns.Min(), returns.Max());
    }
}
