using System.Globalization;

namespace Temper.Experiments;

/// <summary>What a table found beside what is wanted, as means over seeds with intervals.</summary>
internal static class BarTable
{
    internal static void Begin() => Console.WriteLine("\n| what | found | wanted | |\n| --- | --- | --- | --- |");

    /// <summary>A figure with a bar.</summary>
    /// <param name="what">The figure.</param>
    /// <param name="values">One a seed; none: the rows it needs were not run.</param>
    /// <param name="wanted">The bar in words.</param>
    /// <param name="isMet">Whether the mean, and half of the interval's width, meet it; null: there is no bar.</param>
    /// <param name="format">Of the numbers.</param>
    internal static void Line(string what, IReadOnlyList<double> values, string wanted, Func<double, double, bool>? isMet, string format = "F2")
    {
        if (values.Count == 0)
        {
            Console.WriteLine($"| {what} | not run | {wanted} | |");
            return;
        }

        (double mean, double half) = SeedStatistics.Of(values);
        string verdict = isMet is null ? "" : isMet(mean, half) ? "yes" : "SHORT";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {SeedStatistics.Text(values, format)} | {wanted} | {verdict} |"));
    }
}
