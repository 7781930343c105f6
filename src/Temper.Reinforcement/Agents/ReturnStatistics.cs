namespace Temper.Reinforcement.Agents;

/// <summary>Returns of several episodes in a few numbers.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="Low">Lower end of the mean's 95 % interval, by its standard error.</param>
/// <param name="High">Upper end.</param>
/// <param name="Min">The smallest.</param>
/// <param name="Max">The largest.</param>
public readonly record struct ReturnStatistics(double Mean, double Low, double High, double Min, double Max)
{
    /// <summary>The numbers of some returns.</summary>
    /// <param name="returns">At least one.</param>
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
