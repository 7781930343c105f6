using System.Globalization;

namespace Temper.Experiments;

/// <summary>Compares measured figures with targets, as means over seeds with intervals.</summary>
internal static class BarTable
{
    internal static void Begin() => Console.WriteLine("\n| figure | measured | target | |\n| --- | --- | --- | --- |");

    /// <summary>Prints a figure whose mean over seeds should be at least the target.</summary>
    internal static void AtLeast(string what, IReadOnlyList<double> values, double bar, string format = "F2") =>
        Line(what, values, $">= {Text(bar)}", mean => mean >= bar, format);

    /// <summary>Prints a figure whose mean over seeds should be at most the target.</summary>
    internal static void AtMost(string what, IReadOnlyList<double> values, double bar, string format = "F2") =>
        Line(what, values, $"<= {Text(bar)}", mean => mean <= bar, format);

    /// <summary>Prints a figure whose mean over seeds should be above zero.</summary>
    internal static void AboveZero(string what, IReadOnlyList<double> values) =>
        Line(what, values, "above 0", mean => mean > 0, "F2");

    /// <summary>Prints a figure without a target.</summary>
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
