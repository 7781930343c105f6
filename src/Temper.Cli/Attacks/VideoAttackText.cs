using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Robustness.Video;
using Temper.Wording;

namespace Temper.Cli.Attacks;

/// <summary>Attacks on clips as text: a line for each attack, and the tables of the result.</summary>
internal static class VideoAttackText
{
    /// <summary>
    /// One line about an attack, with the radius that it used: a level of <c>--levels</c> may be rounded down. Without
    /// a fooled clip there is no number of changed frames.
    /// </summary>
    /// <param name="row">Result of the attack.</param>
    internal static string Line(VideoRow row)
    {
        // The median of an even number of clips may lie between two whole numbers.
        string frames = double.IsNaN(row.MedianFrames) ? ""
            : double.IsInteger(row.MedianFrames) ? $"{Plural.Of((long)row.MedianFrames, "frame")}, "
            : $"{row.MedianFrames:0.#} frames, ";
        return $"{row.Attack} {row.Levels:0.##}/255: {row.Top1 * 100:F1} % still classified correctly, "
            + $"{frames}{row.Seconds:F1} s";
    }

    /// <summary>Writes the result: a table of the attacks, the defenses, and the check of the written clip.</summary>
    internal static void Write(
        CommandContext context, List<VideoRow> rows, IReadOnlyList<VideoDefense> defenses, JsonObject? check)
    {
        var table = new ResultTable(
            $"attacks on {Plural.Of(rows[0].Forwards, "clip")} of {VideoAttackRun.Source(context)}", "attack",
            "#255ths", "#top-1", "#top-5", "#frames", "#90 %", "#SSIM", "#backward", "#seconds");
        rows.ForEach(row => table.Row(Cells(row)));
        table.Write(context.Terminal);
        foreach (VideoDefense one in defenses)
        {
            Console.Out.WriteLine($"{one.Name}: {one.Clean * 100:F1} % of clean clips classified correctly, "
                + $"{one.Attacked * 100:F1} % of attacked ones");
        }

        foreach ((string name, JsonNode? value) in check ?? [])
        {
            Console.Out.WriteLine($"{name.Replace('_', ' ')}: {value}");
        }
    }

    /// <summary>The cells of a row; what only fooled clips have is a dash without them.</summary>
    internal static string[] Cells(VideoRow row) =>
    [
        row.Attack, $"{row.Levels:0.##}", $"{row.Top1 * 100:F1} %", $"{row.Top5 * 100:F1} %",
        Number(row.MedianFrames, "0.#"), Number(row.LateFrames, "0.#"), Number(row.Ssim, "F4"), $"{row.Backwards:N0}",
        $"{row.Seconds:F1}",
    ];

    private static string Number(double value, string format) =>
        double.IsNaN(value) ? "-" : value.ToString(format, System.Globalization.CultureInfo.InvariantCulture);
}
