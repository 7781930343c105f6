using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Robustness.Video;
using Temper.Tensors;
using Temper.Wording;

namespace Temper.Cli.Attacks;

/// <summary>
/// Writes the files of an attack on clips (table, clips, strips of frames, report) and checks whether a written clip
/// still fools the network.
/// </summary>
internal sealed class VideoAttackFiles(
    CommandContext context, Network network, VideoEvaluation evaluation, Tensor clips, long[]? labels, double rate)
{
    private const int MaxShown = 3;

    /// <summary>Constant rate factors of H.264 at which a written clip is tested.</summary>
    private static readonly int[] Qualities = [18, 23, 30];

    /// <summary>
    /// Writes all files to the folder of <c>--output</c>. Returns the check of the written clip; null: no clip was
    /// written.
    /// </summary>
    internal JsonObject? Write(IReadOnlyList<VideoRow> rows, VideoOutcome last, string title)
    {
        if (context.Get(AttackSettings.Output) is not { } folder)
        {
            return null;
        }

        Directory.CreateDirectory(folder);
        AtomicFile.WriteText(
            Path.Combine(folder, "rows.json"),
            new JsonArray([.. rows.Select(row => (JsonNode)Json(row))]).ToJsonString());
        NpzFile.Save(Path.Combine(folder, "adversarial.npz"), Arrays(last.Result, labels, evaluation.Predictions));
        List<Section> sections = [VideoSection.Table(rows)];
        int[] fooled = [.. Enumerable.Range(0, last.Result.Samples.Count).Where(
            i => last.Result.Samples[i].Outcome == AttackOutcome.Fooled)];
        foreach (int i in fooled.Take(MaxShown))
        {
            Tensor clean = clips.Slice(0, i, i + 1).Squeeze(0),
                attacked = last.Result.Adversarials.Slice(0, i, i + 1).Squeeze(0);
            OpticalFlowOptions? flow =
                network.Nodes.Select(node => node.Operator).OfType<OpticalFlow>().FirstOrDefault()?.Options;
            sections.Add(VideoSection.Clip(clean, attacked, flow, Class((int)evaluation.Predictions[i]), Class(
                last.Result.Samples[i].Prediction)));
            byte[] strip = VideoSection.Strip(attacked);
            AtomicFile.Write(Path.Combine(folder, $"strip-{i:D4}.png"), stream => stream.Write(strip));
        }

        new Report
        {
            Title = $"Robustness of clips: {title}",
            Subtitle = $"temper attack --video, {Plural.Of(clips.Shape[0], "clip")}", Sections = sections,
        }.Save(Path.Combine(folder, "report.html"));
        return context.Get(VideoAttackSettings.Clip) is null && fooled.Length == 0
            ? null
            : WriteClip(folder, fooled.FirstOrDefault(), last);
    }

    /// <summary>The arrays of <c>adversarial.npz</c>: one row per clip.</summary>
    /// <param name="result">Result of the last attack.</param>
    /// <param name="labels">True classes; null: not known, the predicted classes are taken.</param>
    /// <param name="predictions">Classes that the network predicts for the clean clips.</param>
    internal static IReadOnlyList<KeyValuePair<string, Tensor>> Arrays(
        AttackResult result, long[]? labels, long[] predictions)
    {
        int count = result.Samples.Count;
        return
        [
            KeyValuePair.Create("x_adv", result.Adversarials),
            KeyValuePair.Create(
                "success", Tensor.From([.. result.Samples.Select(sample => sample.IsAdversarial)], [count])),
            KeyValuePair.Create("label", Tensor.From(labels ?? predictions, [count])),
            KeyValuePair.Create("clean_prediction", Tensor.From(predictions, [count])),
            KeyValuePair.Create(
                "prediction", Tensor.From([.. result.Samples.Select(sample => (long)sample.Prediction)], [count])),
        ];
    }

    internal static JsonObject Json(VideoRow row) => new()
    {
        ["attack"] = row.Attack,
        ["epsilon"] = row.Epsilon,
        ["top1"] = JsonResult.Number(row.Top1),
        ["top5"] = JsonResult.Number(row.Top5),
        ["fooled"] = JsonResult.Number(row.Fooled),
        ["frames_median"] = JsonResult.Number(row.MedianFrames),
        ["frames_p90"] = JsonResult.Number(row.LateFrames),
        ["mean_change"] = JsonResult.Number(row.MeanChange),
        ["psnr"] = JsonResult.Number(row.Psnr),
        ["ssim"] = JsonResult.Number(row.Ssim),
        ["forwards"] = row.Forwards,
        ["backwards"] = row.Backwards,
        ["seconds"] = JsonResult.Number(row.Seconds),
    };

    /// <summary>
    /// Writes a clip losslessly, reads it back and classifies it again; then does the same with H.264.
    /// </summary>
    private JsonObject WriteClip(string folder, int index, VideoOutcome last)
    {
        Tensor attacked = last.Result.Adversarials.Slice(0, index, index + 1).Squeeze(0), read;
        int wasClass = (int)evaluation.Predictions[index];
        string path = Path.Combine(folder, "attacked.mkv");
        try
        {
            read = CodedClips.Through(attacked, path, rate);
        }
        catch (DataUnavailableException)
        {
            path = Path.Combine(folder, "attacked");
            read = CodedClips.Through(attacked, path, rate);
            context.Terminal.Note($"ffmpeg is not installed: the attacked clip is the folder {path}");
        }

        int fromFile = Predict(read);
        var check = new JsonObject
        {
            ["path"] = path, ["class_before"] = Class(wasClass), ["class_from_file"] = Class(fromFile),
            ["fooled_from_file"] = fromFile != wasClass,
        };
        for (int i = 0; i < Qualities.Length && path.EndsWith(".mkv", StringComparison.Ordinal); i++)
        {
            context.Cancel.ThrowIfCancellationRequested();
            Tensor coded = CodedClips.Through(
                attacked, Path.Combine(folder, $"attacked-crf{Qualities[i]}.mp4"), rate, Qualities[i]);
            check[$"fooled_after_h264_crf{Qualities[i]}"] = Predict(coded) != wasClass;
        }

        return check;
    }

    private int Predict(Tensor clip) =>
        (int)new VideoEvaluation(new NetworkTarget(network), clip.Unsqueeze(0), [0], context.Time).Predictions[0];

    private string Class(int k) => k >= 0 && k < network.ClassNames.Count ? network.ClassNames[k] : $"{k}";
}
