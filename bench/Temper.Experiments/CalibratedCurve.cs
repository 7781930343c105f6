using System.Diagnostics;
using System.Globalization;
using Temper.Compression.Calibration;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training.Evaluation;

namespace Temper.Experiments;

/// <summary>
/// Accuracy against sparsity without any training: plain magnitude, magnitude with the statistics of the calibration samples, and the calibrated form.
/// Nothing is chosen on the test samples.
/// </summary>
internal static class CalibratedCurve
{
    internal const string Usage = "calibrated FILE ARCHITECTURE MEANS/DEVIATIONS DATA [SAMPLES]";

    private static readonly double[] Sparsities = [0.4, 0.5, 0.6, 0.7, 0.8];

    internal static int Run(string[] args)
    {
        float[][] sides = [.. args[3].Split('/').Select(side => side.Split(',').Select(text => float.Parse(text, CultureInfo.InvariantCulture)).ToArray())];
        DataSets data = DataSource.Open(args[4]);
        Shape sample = data.Train.SampleShape;
        Network network = NetworkZoo.Create(args[2], new ZooOptions { Input = InputSpec.Image(sample[0], sample[1], sample[2]), Classes = data.ClassCount() });
        network = ModelFile.LoadWeights(network, args[1]).Prepend(InputSpec.Image(sample[0], sample[1], sample[2]), x => x.Normalize(sides[0], sides[1]));
        Tensor samples = data.Train.Read(0, args.Length > 5 ? int.Parse(args[5], CultureInfo.InvariantCulture) : 256).Inputs;
        Console.WriteLine($"| dense | {Accuracy(network):P2} |");
        foreach (double sparsity in Sparsities)
        {
            Network magnitude = ByMagnitude(network, sparsity);
            long start = Stopwatch.GetTimestamp();
            Network calibrated = network.PruneCalibrated(samples, sparsity);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            SparsityReport left = SparsityReport.Of(calibrated);
            Console.WriteLine(
                $"| {(double)(left.Total - left.Nonzero) / left.Total:P1} zeros | magnitude {Accuracy(magnitude):P2} | with statistics {Accuracy(magnitude.WithStatisticsOf(samples)):P2} | calibrated {Accuracy(calibrated):P2} | {seconds:F1} s |");
        }

        return 0;

        double Accuracy(Network tried) => Evaluator.Evaluate(tried, data.Test).Accuracy;
    }

    /// <summary>The smallest weights of the whole network go.</summary>
    private static Network ByMagnitude(Network network, double sparsity)
    {
        float[] sorted = [.. network.Parameters.Where(parameter => parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight)
            .SelectMany(parameter => parameter.Value.ToArray<float>()).Select(Math.Abs).Order()];
        return network.Prune(PruningRule.Absolute(sorted[(int)(sorted.Length * sparsity)]));
    }

    private static int ClassCount(this DataSets data) => data.Train.ClassNames.Count;
}
