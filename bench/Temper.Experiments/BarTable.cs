using System.Globalization;

namespace Temper.Experiments;

/// <summary>What a table found beside what is wanted, as means over seeds with intervals.</summary>
internal static class BarTable
{
    internal static void Begin() => Console.WriteLine("\n| what | found | wanted | |\n| --- | --- | --- | --- |");

    /// <summary>A figure that should be at least so large, in the mean over seeds.</summary>
    internal static void AtLeast(string what, IReadOnlyList<double> values, double bar, string format = "F2") =>
        Line(what, values, $">= {Text(bar)}", mean => mean >= bar, format);

    /// <summary>A figure that should be at most so large.</summary>
    internal static void AtMost(string what, IReadOnlyList<double> values, double bar, string format = "F2") =>
        Line(what, values, $"<= {Text(bar)}", mean => mean <= bar, format);

    /// <summary>A figure that should be above zero.</summary>
    internal static void AboveZero(string what, IReadOnlyList<double> values) =>
        Line(what, values, "above 0", mean => mean > 0, "F2");

    /// <summary>A figure that is printed whatever comes.</summary>
    internal static void Shown(string what, IReadOnlyList<double> values, string note = "", string format = "F2") =>
        Line(what, values, note, isMet: null, format);

    private static void Line(
        string what, IReadOnlyList<double> values, string wanted, Func<double, bool>? isMet, string format)
    {
        string verdict =
            values.Count == 0 || isMet is null ? "" : isMet(SeedStatistics.Of(values).Mean) ? "yes" : "SHORT";
        string found = values.Count == 0 ? "not run" : SeedStatistics.Text(values, format);
        Console.WriteLine($"| {what} | {found} | {wanted} | {verdict} |");
    }

    private static string Text(double bar) => bar.ToString(CultureInfo.InvariantCulture);
}
