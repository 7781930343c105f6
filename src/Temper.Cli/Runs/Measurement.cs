using System.IO.Compression;
using Temper.Cli.Models;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Data.Images;
using Temper.Networks;
using Temper.Reporting.Runs;
using Temper.Tensors;
using Temper.Training.Evaluation;

namespace Temper.Cli.Runs;

/// <summary>
/// Measurements of a network in a run: accuracy, nonzero weights, file size, sample predictions, and which test samples
/// are classified correctly.
/// </summary>
internal sealed record Measurement(
    NetworkRecord Record, SparsityReport Weights, IReadOnlyList<long> Confusion, IReadOnlyList<string> Classes,
    SampleRecord[] Samples, IReadOnlyList<bool> Right)
{
    /// <summary>
    /// Number of pictures of each kind in the report: the first test samples, and the first misclassified ones.
    /// </summary>
    private const int Pictures = 12;

    /// <summary>Number of test samples searched for misclassified ones.</summary>
    private const int MaxSearched = 2000;

    /// <summary>Number of weights of Aug-Conv layers, which are frozen and left out of the other counts.</summary>
    internal long Frozen { get; init; }

    internal string Summary
    {
        get
        {
            string accuracy = Record.TestAccuracy is { } part ? $"test accuracy {part * 100:F2} %, " : "";
            string frozen = Frozen == 0 ? "" : $", without the {Frozen:N0} of the frozen Aug-Conv layer";
            return $"{Record.Name}: {accuracy}{Record.Left:N0} of {Record.Total:N0} weights{frozen}";
        }
    }

    internal static Measurement Of(
        string name, Network network, string path, Dataset? test, Func<Network, Dataset, EvaluationResult> evaluate)
    {
        SparsityReport weights = SparsityReport.Of(network);
        test = test is { Count: 0 } ? null : test;
        EvaluationResult? found = test is null ? null : evaluate(FinalSoftmax.Removed(network), test);
        var record = new NetworkRecord
        {
            Name = name,
            TestAccuracy = found?.Accuracy,
            TestLoss = found?.Loss,
            Bytes = new FileInfo(path).Length,
            CompressedBytes = CompressedLength(path),
            Layers = [.. weights.Layers.Select(layer => new LayerRecord(layer.Name, layer.Total, layer.Nonzero))],
        };
        var measured = new Measurement(record, weights, [], [], [], [])
        {
            Frozen = network.Nodes.Where(node => node.Operator is AugConv)
                .Sum(node => (long)network.Parameters[node.Parameters[0]].Value.Count),
        };
        return found?.Confusion is not { } matrix ? measured : measured with
        {
            Confusion = Counts(matrix), Classes = ClassLabels.Of(network, test!, matrix.Classes),
            Samples = SamplesOf(found.Answers, test!), Right = found.IsRight,
        };
    }

    private static long[] Counts(ConfusionMatrix matrix) =>
        [.. from actual in Enumerable.Range(0, matrix.Classes) from predicted in Enumerable.Range(
            0, matrix.Classes) select matrix[actual, predicted]];

    private static SampleRecord[] SamplesOf(IReadOnlyList<(int Predicted, float Probability)> answers, Dataset test)
    {
        Shape shape = test.SampleShape;
        if (shape.Rank != 3 || shape[0] is not (1 or 3))
        {
            return [];
        }

        int count = Math.Min(test.Count, MaxSearched);
        IEnumerable<int> wrong =
            Enumerable.Range(0, count).Where(i => i >= Pictures && answers[i].Predicted != test.Label(i));
        return [.. Enumerable.Range(0, Math.Min(Pictures, count)).Concat(wrong.Take(Pictures)).Select(i =>
            new SampleRecord(Png(test, i), (int)test.Label(i), answers[i].Predicted, answers[i].Probability))];
    }

    private static byte[] Png(Dataset test, int index)
    {
        int channels = test.SampleShape[0], height = test.SampleShape[1], width = test.SampleShape[2];
        float[] planes = new float[channels * height * width];
        test.CopySample(index, planes);
        byte[] pixels = new byte[planes.Length];
        for (int channel = 0; channel < channels; channel++)
        {
            for (int pixel = 0; pixel < height * width; pixel++)
            {
                pixels[(pixel * channels) + channel] =
                    (byte)Math.Clamp(MathF.Round(planes[(channel * height * width) + pixel] * 255), 0, 255);
            }
        }

        return PngEncoder.Encode(new Picture(width, height, channels, pixels));
    }

    private static long CompressedLength(string path)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        using (FileStream file = File.OpenRead(path))
        {
            file.CopyTo(gzip);
        }

        return compressed.Length;
    }
}
