using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Cli.Models;
using Temper.Cli.Native;
using Temper.Compression.Pipeline;
using Temper.Compression.Quantization;
using Temper.Data;
using Temper.Data.Augmentation;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Optimization;
using Temper.Peers.Measuring;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Peers.Tables;

/// <summary>
/// Cost of 8-bit quantization of a published ResNet-20: accuracy with each calibration method and after fine-tuning,
/// file size relative to float32, and the difference of ONNX Runtime on the exported file. Ranges are calibrated on 512
/// training samples; no choice is made on test samples.
/// </summary>
internal static class Int8AccuracyTable
{
    /// <summary>Batch size of ONNX Runtime; smaller if there are fewer samples.</summary>
    private const int RuntimeBatch = 50;

    private const double MaxCalibrated = 0.5, MaxTuned = 0.2, MaxBytes = 0.27;

    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f], Deviation = [0.229f, 0.224f, 0.225f];

    /// <param name="arguments">
    /// Weights of a ResNet-20, data, fine-tuning epochs (0: none), training samples for fine-tuning, test samples for
    /// ONNX Runtime.
    /// </param>
    public static int Run(string[] arguments)
    {
        if (arguments.Length < 2)
        {
            Console.Error.WriteLine("usage: int8-accuracy RESNET-20.safetensors DATA [EPOCHS [COUNT [TESTED]]]");
            return 2;
        }

        int epochs = Number(arguments, 2, 0), count = Number(arguments, 3, int.MaxValue),
            tested = Number(arguments, 4, 500);
        DataSets data = DataSource.Open(arguments[1]);
        Network network = ModelReading.Load(arguments[0], "resnet-20").Prepend(
            InputSpec.Image(3, 32, 32, 0, 1), x => x.Normalize(Mean, Deviation));
        double before = Evaluator.Evaluate(network, data.Test).Accuracy;
        long bytes = SizeOf(network);
        var table = new TextTable(
            "network", "test, %", "lost, points", "bar", "", "bytes", "fraction", "",
            "ORT difference, steps of 1/127");
        table.Row("float32", Percent(before), "", "", "", $"{bytes}", "", "", "");
        foreach (CalibrationMethod method in Enum.GetValues<CalibrationMethod>())
        {
            Row(
                $"int8, {method}",
                network.Quantize(Some(data.Train, 512), new QuantizationOptions { Calibration = method }),
                MaxCalibrated);
        }

        if (epochs > 0)
        {
            Row(
                $"int8, {epochs} epochs on {Math.Min(count, data.Train.Count)} samples",
                Tuned(network, data, epochs, count), MaxTuned);
        }
        else
        {
            table.Row("int8, fine-tuned", "not run", "", "", "", "", "", "", "");
        }

        return 0;

        void Row(string name, Network quantized, double bar)
        {
            double accuracy = Evaluator.Evaluate(quantized, data.Test).Accuracy, lost = (before - accuracy) * 100,
                part = (double)SizeOf(quantized) / bytes;
            string steps = OnnxRuntime.IsInstalled && tested > 0
                ? Steps(quantized, data.Test.Take(tested)).ToString("F2", CultureInfo.InvariantCulture)
                : "";
            table.Row(
                name, Percent(accuracy), lost.ToString("F2", CultureInfo.InvariantCulture), $"{bar}",
                lost > bar ? "SHORT" : "", $"{SizeOf(quantized)}", part.ToString("P1", CultureInfo.InvariantCulture),
                part > MaxBytes ? "SHORT" : "", steps);
        }
    }

    private static Network Tuned(Network network, DataSets data, int epochs, int count)
    {
        (Dataset train, Dataset validation) = data.SplitValidation(
            data.Train.Count / 10, Randomness.RandomStream.FromSeed(1).Split("validation"));
        var options = new CompressionOptions
        {
            Seed = 1, Structure = CompressionStructure.None, Goal = CompressionGoal.Bytes, MaxAccuracyDrop = 100,
            Training = new TrainingOptions
            {
                Seed = 1, BatchSize = 64, Optimizer = new Sgd { LearningRate = 0.01f, Momentum = 0.9f },
                Transforms = [new RandomCrop(4), new HorizontalFlip()],
            },
        };
        var came = new NetworkFigures(Evaluator.Evaluate(network, validation).Accuracy, 0, 0, SizeOf(network), 1);
        var before = new CompressionResult(network, came, null, [], IsWithinBound: true, []);
        return QuantizationStage.Run(
            network, before, (train, validation), options, new QuantizationOptions { TuneEpochs = epochs },
            new TableRun(train.Take(count), validation)).Network;
    }

    /// <summary>
    /// Returns the largest difference between ONNX Runtime and Temper, in steps of 1/127 of the largest output.
    /// </summary>
    private static double Steps(Network network, Dataset samples)
    {
        int batch = Math.Min(RuntimeBatch, samples.Count);
        using var session = new OnnxSession(network, batch, threads: 1, spins: false);
        double difference = 0, largest = 0;
        for (int start = 0; start + batch <= samples.Count; start += batch)
        {
            Tensor x = samples.Read(start, batch).Inputs;
            float[] ours = network.Forward(x).ToArray<float>();
            x.AsSpan<float>().CopyTo(session.Input);
            session.Run();
            difference = Math.Max(difference, ours.Zip(session.Output, (a, b) => Math.Abs((double)a - b)).Max());
            largest = Math.Max(largest, ours.Max(MathF.Abs));
        }

        return difference / largest * sbyte.MaxValue;
    }

    private static Tensor Some(Dataset train, int count) =>
        train.Subset([.. Enumerable.Range(0, count).Select(i => (int)((long)i * train.Count / count))])
            .Read(0, count).Inputs;

    private static long SizeOf(Network network)
    {
        using var file = new MemoryStream();
        ModelFile.ToSingleFile(network, new SaveOptions { Sparse = true }).Write(file);
        return file.Length;
    }

    private static int Number(string[] arguments, int index, int defaultValue) =>
        arguments.Length > index ? int.Parse(arguments[index], CultureInfo.InvariantCulture) : defaultValue;

    private static string Percent(double accuracy) => (accuracy * 100).ToString("F2", CultureInfo.InvariantCulture);

    /// <summary>Trains in memory without saving anything, because the table trains only once.</summary>
    private sealed class TableRun(Dataset train, Dataset validation) : IMethodRun
    {
        public Dataset Train => train;

        public Dataset Validation => validation;

        public TimeProvider Time => TimeProvider.System;

        public TrainingResult Fit(string stage, Network network, TrainingOptions options) =>
            Trainer.Fit(network, train, validation, options);

        public string Choose(string stage, string name, Func<string> choose) => choose();

        public void Note(string line) => Console.Error.WriteLine(line);
    }
}
