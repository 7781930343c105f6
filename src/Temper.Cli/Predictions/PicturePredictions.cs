using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Data.Images;
using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Predictions;

/// <summary>The picture form of <c>temper predict</c>: prints the classes of picture files.</summary>
internal static class PicturePredictions
{
    /// <summary>Number of pictures that are read before the network runs.</summary>
    private const int BatchSize = 64;

    internal static Setting<int> Top { get; } = Setting.Integer(
        "top", "Of pictures and rows: number of classes to print, the most likely first", defaultValue: 1);

    /// <summary>Settings that apply to pictures but not to arrays.</summary>
    internal static IReadOnlyList<Setting> Settings => [Top, ModelSource.Size, .. Preprocessing.Settings];

    /// <summary>Predicts and prints all pictures that can be read.</summary>
    /// <returns>
    /// <see cref="ExitCode.InputOutput"/> if a picture does not exist, <see cref="ExitCode.BadInput"/> if one cannot be
    /// read.
    /// </returns>
    internal static int Run(CommandContext context, string model, IReadOnlyList<string> inputs)
    {
        ModelSource.RequireTrained(model);
        ModelSource.RefuseUnused(context, model);
        PictureList pictures = PictureList.Find(inputs);
        (IReadOnlyList<Prediction> predictions, IReadOnlyList<UnusedSamples> failed) =
            Predict(context, model, pictures);
        Tell(context, model, predictions, (failed, pictures.Unused));
        return failed.Count == 0 ? ExitCode.Success
            : failed.All(one => Path.Exists(one.Name)) ? ExitCode.BadInput
            : ExitCode.InputOutput;
    }

    /// <summary>The predictions of all pictures that can be read, and the pictures that cannot, with reasons.</summary>
    internal static (IReadOnlyList<Prediction> Predictions, IReadOnlyList<UnusedSamples> Failed) Predict(
        CommandContext context, string model, PictureList pictures)
    {
        if (pictures.Pictures.Count == 0)
        {
            return ([], pictures.Unreadable);
        }

        PicturesForModel fitted = PicturesForModel.Open(context, model, pictures);
        List<UnusedSamples> failed = [.. fitted.Pictures.Unreadable];
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        using var engine = new PredictionEngine(model, fitted.Network, context.Get(PredictionEngine.Setting));
        return ([.. Predict(context, fitted, engine, failed)], failed);
    }

    private static IEnumerable<Prediction> Predict(
        CommandContext context, PicturesForModel fitted, PredictionEngine engine, List<UnusedSamples> failed)
    {
        Network network = fitted.Network;
        int own = Math.Max(network.Batch.Size, 1), size = own * Math.Max(1, BatchSize / own);
        Shape shape = fitted.Samples.SampleShape;
        foreach ((string File, float[] Sample)[] batch in Read(fitted, failed).Chunk(size))
        {
            context.Cancel.ThrowIfCancellationRequested();
            float[] values = new float[batch.Length * shape.Count];
            for (int i = 0; i < batch.Length; i++)
            {
                batch[i].Sample.CopyTo(values, i * shape.Count);
            }

            Tensor y = engine.Run([Tensor.From(values, [batch.Length, .. shape.AsSpan()])])[0];
            float[] rows = (Prediction.AreProbabilities(network) ? y : y.Softmax()).ToArray<float>();
            IReadOnlyList<string> classes = ClassLabels.Of(network, fitted.Samples, y.Shape[1]);
            for (int i = 0; i < batch.Length; i++)
            {
                yield return Prediction.Of(
                    batch[i].File, rows.AsSpan(i * classes.Count, classes.Count), classes, context.Get(Top));
            }
        }
    }

    private static IEnumerable<(string File, float[] Sample)> Read(PicturesForModel fitted, List<UnusedSamples> failed)
    {
        for (int i = 0; i < fitted.Samples.Count; i++)
        {
            string file = fitted.Pictures.Pictures[i].Path;
            float[]? sample = new float[fitted.Samples.SampleShape.Count];
            try
            {
                fitted.Samples.CopySample(i, sample);
            }
            catch (Exception error) when (PictureList.ReasonOf(error) is { } reason)
            {
                failed.Add(new UnusedSamples(file, 1, reason));
                sample = null;
            }

            if (sample is not null)
            {
                yield return (file, sample);
            }
        }
    }

    private static void Tell(
        CommandContext context, string model, IReadOnlyList<Prediction> predictions,
        (IReadOnlyList<UnusedSamples> Failed, IReadOnlyList<UnusedSamples> Unused) left)
    {
        if (context.IsJson)
        {
            JsonResult.Write("predict", new JsonObject
            {
                ["model"] = model,
                ["predictions"] = new JsonArray([.. predictions.Select(one => (JsonNode)one.ToJson())]),
                ["failed"] = new JsonArray([.. left.Failed.Select(one => (JsonNode)new JsonObject
                {
                    ["file"] = one.Name, ["reason"] = one.Reason,
                })]),
                ["unused"] = DataChoice.ToJson(left.Unused),
            });
        }
        else if (predictions.Count > 0)
        {
            var table = new ResultTable(title: null, "file", "class", "#probability");
            foreach (Prediction one in predictions)
            {
                foreach ((int rank, PredictedClass found) in one.Classes.Index())
                {
                    string probability = found.Probability.ToString("F4", CultureInfo.InvariantCulture);
                    table.Row(rank == 0 ? one.File : "", found.Name, probability);
                }
            }

            table.Write(context.Terminal);
        }

        DataChoice.Tell(context, left.Unused);
        foreach (UnusedSamples one in left.Failed)
        {
            Terminal.Error($"predict: {one.Name}: {one.Reason}");
        }
    }
}
