using System.Globalization;
using Temper.Data.Images;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Privacy.Audit;

/// <summary>
/// Creates the report section of an audit: the verdict, the result of each attack, and recovered pictures next to the
/// originals.
/// </summary>
public static class AuditSection
{
    /// <summary>Creates the section.</summary>
    /// <param name="findings">Findings of one audit.</param>
    public static Section Of(IReadOnlyList<AttackFinding> findings)
    {
        string verdict = MorphAudit.Verdict(findings);
        return new Section("What an outsider can get from the bundle",
        [
            new KeyFigures([new KeyFigure(
                "Verdict", verdict, $"{findings.Count(finding => finding.Verdict is not AttackFinding.NotRun)} of "
                    + $"{findings.Count} attacks were run")]),
            new Warning(Meaning(verdict)),
            new DataTable(
                [
                    "attack", "needs", "verdict", "#PSNR, dB", "#SSIM", "#mean picture's SSIM", "#identified, %",
                    "#seconds",
                ],
                [.. findings.Select(Row)]),
            new DataTable(["attack", "result"], [.. findings.Select(finding =>
                (string[])[finding.Name, finding.Detail])]),
            .. findings.Where(finding => finding.Curve.Count > 1).Select(Curve),
            .. findings.Where(finding => finding.Pictures.Count > 0 && finding.Size.Channels is 1 or 3)
            .SelectMany(Pictures),
        ]);
    }

    /// <summary>Explains a verdict to someone who wants to send the bundle.</summary>
    /// <param name="verdict">A verdict returned by <see cref="MorphAudit.Verdict"/>.</param>
    public static string Meaning(string verdict) => verdict switch
    {
        AttackFinding.Broken =>
            "BROKEN: anyone who gets this bundle can recover the pictures. Send it only to people who may see them.",
        AttackFinding.Leaks => "LEAKS: the bundle reveals some of the pictures' content.",
        AttackFinding.NotRun => "NOT RUN: no attack had the inputs it needs, so nothing is known about this bundle. "
            + "Give --truth or --pairs, or create the layer first.",
        _ => "NOT BROKEN BY THESE ATTACKS: other attacks may succeed; this is obfuscation, without any guarantee.",
    };

    private static ChartRow Curve(AttackFinding finding) => new([new LineChart
    {
        Title = $"{finding.Name}: quality of other pictures by number of known pairs", XLabel = "known pairs",
        YLabel = "mean SSIM", HasWholeX = true,
        Lines = [new ChartLine("SSIM", [.. finding.Curve.Select(point => new ChartPoint(point.Pairs, point.Ssim))])],
    }]);

    private static string[] Row(AttackFinding finding) =>
    [
        finding.Name, finding.Needs, finding.Verdict, Number(finding.Mean?.Psnr, "F1"),
        Number(finding.Mean?.Ssim, "F3"), Number(finding.Baseline?.Ssim, "F3"),
        Number(finding.Identification * 100, "F0"), Number(finding.Time.TotalSeconds, "F1"),
    ];

    private static IEnumerable<Block> Pictures(AttackFinding finding)
    {
        yield return new Paragraph(
            $"{finding.Name}: recovered pictures{(finding.Truth.Count > 0 ? ", each followed by the original" : "")}.");
        yield return new PictureGrid(
        [
            .. finding.Pictures.SelectMany((picture, i) => finding.Truth.Count > i
                ? (Reporting.Documents.Picture[])[Drawn(picture, finding, "recovered"), Drawn(
                    finding.Truth[i], finding, "real")]
                : [Drawn(picture, finding, "recovered")]),
        ]);
    }

    private static Reporting.Documents.Picture Drawn(float[] picture, AttackFinding finding, string caption)
    {
        (int channels, int height, int width) = finding.Size;
        return new Reporting.Documents.Picture(PngEncoder.Encode(
            new Data.Images.Picture(width, height, channels, Pixels(picture, finding.Size))), caption);
    }

    /// <summary>Converts a picture with values 0 to 1, <c>[C, H, W]</c>, to bytes 0 to 255, <c>[H, W, C]</c>.</summary>
    internal static byte[] Pixels(ReadOnlySpan<float> picture, (int Channels, int Height, int Width) size)
    {
        byte[] pixels = new byte[picture.Length];
        int plane = size.Height * size.Width;
        for (int index = 0; index < plane; index++)
        {
            for (int channel = 0; channel < size.Channels; channel++)
            {
                float value = picture[(channel * plane) + index];
                pixels[(index * size.Channels) + channel] =
                    float.IsFinite(value) ? (byte)Math.Clamp(MathF.Round(value * 255), 0, 255) : (byte)0;
            }
        }

        return pixels;
    }

    private static string Number(double? value, string format) =>
        value is { } number ? number.ToString(format, CultureInfo.InvariantCulture) : "";
}
