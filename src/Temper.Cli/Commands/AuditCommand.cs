using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Data.Images;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Kernels;
using Temper.Privacy.Audit;
using Temper.Privacy.Morphing;
using Temper.Reporting.Documents;
using Temper.Tensors;

namespace Temper.Cli.Commands;

/// <summary><c>temper audit</c>: attacks a bundle of morphed data before it is handed over.</summary>
internal sealed class AuditCommand()
    : ToolCommand("audit", "Attack a bundle of morphed data and say what an outsider can get from it")
{
    private static readonly Setting<string?> Bundle =
        Setting.Positional("bundle", "Bundle folder, as written by temper morph");

    private static readonly Setting<string?> Weights =
        Setting.OptionalText("weights", "The developer's first convolution, as .npy or a model that begins with it: an "
            + "outsider who made it has it");

    private static readonly Setting<string?> Pairs =
        Setting.OptionalText("pairs", "Pictures of the first rows that an outsider knows, [k, ...] as .npy");

    private static readonly Setting<string?> Truth =
        Setting.OptionalText("truth", "The set that was morphed: recovered pictures are compared with it");

    private static readonly Setting<int> Pictures =
        Setting.Integer("pictures", "Number of pictures to recover and compare", defaultValue: 32);

    private static readonly Setting<int> Rows =
        Setting.Integer("rows", "Maximum number of rows for attacks on whole sets", defaultValue: 2000);

    private static readonly Setting<string?> Save = Setting.Output(
        "save-pictures", "Folder for recovered pictures beside the real ones, a PNG file for each attack",
        OutputKind.Folder);

    private static readonly Setting<string?> ReportFile =
        Setting.Output("report", "Write a report with recovered pictures to this HTML file", OutputKind.File);

    private static readonly Setting<bool> Accept =
        Setting.Switch("accept-obfuscation", "Exit with 0 although the bundle is broken");

    internal override IReadOnlyList<Setting> Settings =>
        field ??= [Bundle, Weights, ModelSource.Architecture, Pairs, Truth, Pictures, Rows, Save, ReportFile, Accept];

    internal override int Run(CommandContext context)
    {
        string folder = context.Require(Bundle);
        MorphBundle bundle = MorphBundle.Open(folder);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        IReadOnlyList<AttackFinding> findings = MorphAudit.Run(bundle, new AuditInputs
        {
            Weights = WeightsOf(context),
            Pairs = context.Get(Pairs) is { } pairs ? NpyFile.Load(pairs) : null,
            Truth = context.Get(Truth) is { } truth ? DataChoice.Open(context, truth).Train : null,
            Pictures = context.Get(Pictures),
            SetRows = context.Get(Rows),
            Progress = context.Terminal.Note,
            Time = context.Time,
        });
        string verdict = MorphAudit.Verdict(findings);
        var fields = new JsonObject
        {
            ["bundle"] = folder, ["signer"] = bundle.Signer, ["verdict"] = verdict,
            ["attacks"] = new JsonArray([.. findings.Select(Fields)]),
        };
        if (context.Get(Save) is { } pictures)
        {
            SavePictures(pictures, findings);
        }

        if (context.Get(ReportFile) is { } report)
        {
            AtomicFile.WriteText(report, new Report
            {
                Title = $"What does {Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))} reveal?",
                Subtitle = $"temper audit, key {bundle.KeyId}, signer {bundle.Signer}",
                Sections = [AuditSection.Of(findings)],
            }.ToHtml());
        }

        if (context.IsJson)
        {
            JsonResult.Write(Name, fields);
        }
        else
        {
            Show(context, findings, verdict);
        }

        return verdict is AttackFinding.Broken && !context.Get(Accept) ? ExitCode.ThresholdNotMet : ExitCode.Success;
    }

    private static Tensor? WeightsOf(CommandContext context)
    {
        if (context.Get(Weights) is { } path)
        {
            return FirstConvolution.Open(context, path).Weights;
        }

        context.RefuseUnused($"an audit without {Weights.Flag}", [ModelSource.Architecture]);
        return null;
    }

    private static JsonNode Fields(AttackFinding finding) => new JsonObject
    {
        ["name"] = finding.Name, ["needs"] = finding.Needs, ["verdict"] = finding.Verdict, ["detail"] = finding.Detail,
        ["seconds"] = Math.Round(finding.Time.TotalSeconds, 3),
        ["mse"] = Number(finding.Mean?.MeanSquaredError), ["psnr"] = Number(finding.Mean?.Psnr),
        ["ssim"] = Number(finding.Mean?.Ssim),
        ["ssim_least"] = Number(finding.SsimRange?.Min), ["ssim_largest"] = Number(finding.SsimRange?.Max),
        ["baseline_psnr"] = Number(finding.Baseline?.Psnr), ["baseline_ssim"] = Number(finding.Baseline?.Ssim),
        ["identification"] = Number(finding.Identification),
        ["curve"] = new JsonArray([.. finding.Curve.Select(point =>
            (JsonNode)new JsonObject { ["pairs"] = point.Pairs, ["ssim"] = JsonResult.Number(point.Ssim) })]),
    };

    private static JsonNode? Number(double? value) => value is { } number ? JsonResult.Number(number) : null;

    private static void Show(CommandContext context, IReadOnlyList<AttackFinding> findings, string verdict)
    {
        var table = new ResultTable(
            "what an outsider can get", "attack", "verdict", "#PSNR", "#SSIM", "#SSIM of the mean "
                + "picture", "#identified",
            "#seconds");
        foreach (AttackFinding f in findings)
        {
            table.Row(
                f.Name, f.Verdict, f.Mean is { } mean ? $"{mean.Psnr:F1} dB" : "",
                f.Mean is { } own ? $"{own.Ssim:F3}" : "", f.Baseline is { } baseline ? $"{baseline.Ssim:F3}" : "",
                f.Identification is { } rate ? $"{rate:P0}" : "", $"{f.Time.TotalSeconds:F1}");
        }

        table.Write(context.Terminal);
        Console.Out.WriteLine(AuditSection.Meaning(verdict));
    }

    /// <summary>Saves one PNG file per attack: recovered pictures in the upper row, originals below.</summary>
    private static void SavePictures(string folder, IReadOnlyList<AttackFinding> findings)
    {
        for (int i = 0; i < findings.Count; i++)
        {
            AttackFinding f = findings[i];
            if (f.Pictures.Count == 0 || f.Size.Channels is not (1 or 3))
            {
                continue;
            }

            byte[] png = PngEncoder.Encode(SideBySide(f));
            string name = string.Concat(f.Name.TakeWhile(letter => letter is not (':' or '(')))
                .Trim().Replace(' ', '-').ToLowerInvariant();
            AtomicFile.Write(Path.Combine(folder, $"{i + 1}-{name}.png"), stream => stream.Write(png));
        }
    }

    /// <summary>Returns the recovered pictures in a row, above the originals if they are known.</summary>
    internal static Data.Images.Picture SideBySide(AttackFinding finding)
    {
        (int channels, int height, int width) = finding.Size;
        IReadOnlyList<float[]>[] lines =
            finding.Truth.Count == 0 ? [finding.Pictures] : [finding.Pictures, finding.Truth];
        int count = finding.Pictures.Count, bytes = width * channels;
        byte[] pixels = new byte[lines.Length * height * count * bytes];
        for (int line = 0; line < lines.Length; line++)
        {
            for (int i = 0; i < count; i++)
            {
                byte[] picture = AuditSection.Pixels(lines[line][i], finding.Size);
                for (int y = 0; y < height; y++)
                {
                    int place = (((line * height) + y) * count) + i;
                    picture.AsSpan(y * bytes, bytes).CopyTo(pixels.AsSpan(place * bytes));
                }
            }
        }

        return new Data.Images.Picture(width * count, height * lines.Length, channels, pixels);
    }
}
