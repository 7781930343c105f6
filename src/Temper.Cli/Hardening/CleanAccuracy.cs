using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.Output;

namespace Temper.Cli.Hardening;

/// <summary>Accuracy on clean samples of one kind, before and after hardening.</summary>
/// <param name="Samples">Name of the samples in the result: <c>held_out</c> or <c>test</c>.</param>
/// <param name="Before">Accuracy of the original network, 0 to 1; null: not measured.</param>
/// <param name="After">Accuracy of the hardened network.</param>
internal sealed record CleanAccuracy(string Samples, double? Before, double? After)
{
    /// <summary>Whether no more accuracy is lost than allowed.</summary>
    internal bool IsWithin(double bound) => !(Before - After > bound + 1e-12);

    internal JsonObject ToJson() => new()
    {
        ["before"] = Before is { } before ? JsonResult.Number(before) : null,
        ["after"] = After is { } after ? JsonResult.Number(after) : null,
    };

    /// <summary>Names the samples on which too much accuracy is lost, and both accuracies on each.</summary>
    /// <param name="exceeded">The accuracies that fell by more than the bound.</param>
    /// <param name="bound">The allowed loss, 0 to 1.</param>
    /// <param name="kept">What is saved.</param>
    internal static string Message(IEnumerable<CleanAccuracy> exceeded, double bound, string kept)
    {
        string samples = string.Join(" and ", exceeded.Select(one => one.Shown));
        return string.Create(
            CultureInfo.InvariantCulture, $"harden: more than {bound * 100:0.####} percentage points of clean accuracy "
                + $"are lost {samples}; {kept} is saved");
    }

    private string Shown => string.Create(
        CultureInfo.InvariantCulture,
        $"on {Samples.Replace('_', '-')} samples ({Before * 100:F2} % before, {After * 100:F2} % after)");
}
