using System.Diagnostics;
using System.Globalization;
using Temper.Compression.Calibration;
using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>
/// Accuracy by sparsity without training: magnitude pruning, calibrated pruning, and calibrated pruning on inputs
/// synthesized from the network. Test samples are not used for selection.
/// </summary>
internal static class CalibratedCurve
{
    private const string Usage =
        "usage: calibrated FILE ARCHITECTURE MEANS/DEVIATIONS DATA [SAMPLES [SPARSITIES [TEST]]], such as "
        + "256 0.4,0.5,0.6,0.7,0.8 1000; TEST: number of test samples";

    internal static int Run(string[] args)
    {
        if (args.Length < 5)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        float[][] sides =
        [
            .. args[3].Split('/').Select(
                side => side.Split(',').Select(text => float.Parse(text, CultureInfo.InvariantCulture)).ToArray()),
        ];
        DataSets data = DataSource.Open(args[4]);
        Shape sample = data.Train.SampleShape;
        Network network = NetworkZoo.Create(
            args[2],
            new ZooOptions { Input = InputSpec.Image(sample[0], sample[1], sample[2]), Classes = data.ClassCount() });
        network = ModelFile.LoadWeights(network, args[1]).Prepend(
            InputSpec.Image(sample[0], sample[1], sample[2]), x => x.Normalize(sides[0], sides[1]));
        Tensor samples =
            CalibrationSplit.Inputs(
                data.Train, args.Length > 5 ? int.Parse(args[5], CultureInfo.InvariantCulture) : 256);
        Dataset test = args.Length > 7 ? data.Test.Take(int.Parse(args[7], CultureInfo.InvariantCulture)) : data.Test;
        Console.WriteLine($"| dense | {Accuracy(network):P2} |");
        double[] sparsities =
        [
            .. (args.Length > 6 ? args[6] : "0.4,0.5,0.6,0.7,0.8").Split(',')
                .Select(text => double.Parse(text, CultureInfo.InvariantCulture)),
        ];
        foreach (double sparsity in sparsities)
        {
            Network magnitude = network.Prune(PruningRule.GlobalSparsity(sparsity));
            long start = Stopwatch.GetTimestamp();
            Network calibrated = network.PruneCalibrated(samples, sparsity);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            SparsityReport left = SparsityReport.Of(calibrated);
            start = Stopwatch.GetTimestamp();
            Network made = WithoutData(network, sparsity);
            double secondsMade = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine(
                $"| {(double)(left.Total - left.Nonzero) / left.Total:P1} zeros | magnitude {Accuracy(magnitude):P2} "
                + $"| calibrated {Accuracy(calibrated):P2} | {seconds:F1} s | data-free {Accuracy(made):P2} | "
                + $"{secondsMade:F1} s |");
        }

        return 0;

        double Accuracy(Network tried) => Evaluator.Evaluate(tried, test).Accuracy;
    }

    /// <summary>Prunes by calibration on inputs synthesized from the network alone.</summary>
    private static Network WithoutData(Network network, double sparsity) => CompressionPipeline.RunDataFree(
        network,
        new CompressionOptions
        {
            Seed = 1, Trials = 1, FirstKept = 1 - sparsity, MaxAccuracyDrop = 100, Goal = CompressionGoal.Weights,
        },
        new NoRun()).Trials[0].Network;

    /// <summary>A run without data that neither trains nor stores choices.</summary>
    private sealed class NoRun : IMethodRun
    {
        private const string Untrained = "calibrated: nothing is trained";

        public Dataset Train => throw new NotSupportedException(Untrained);

        public Dataset Validation => throw new NotSupportedException(Untrained);

        public TimeProvider Time => TimeProvider.System;

        public TrainingResult Fit(string stage, Network network, TrainingOptions options) =>
            throw new NotSupportedException(Untrained);

        public string Choose(string stage, string name, Func<string> choose) => choose();
    }

    private static int ClassCount(this DataSets data) => data.Train.ClassNames.Count;
}
