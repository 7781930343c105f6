using System.Globalization;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>Checks made before any training.</summary>
internal static class CompressionChecks
{
    /// <summary>
    /// How far above chance an accuracy still counts as chance: this fraction of the chance level, but of few classes
    /// at most this fraction of what is above it (55 % of two classes, 15 % of ten).
    /// </summary>
    private const double ChanceMargin = 0.5, MarginAbove = 0.1;

    internal static void Require(Network network, Dataset validation, CompressionOptions options)
    {
        Require(network, options);
        if (validation.Count == 0)
        {
            throw new ArgumentException($"compress: the validation set is empty (got 0 samples of {validation.Name}, "
                + "expected 1 or more); accuracy is measured on it", nameof(validation));
        }

        if (validation.TargetShape is not null || validation.ClassNames.Count < 2)
        {
            throw new ArgumentException(
                $"compress: {validation.Name} has no class labels to measure accuracy with (expected two or more)");
        }
    }

    /// <summary>Throws if a network cannot be compressed, whatever the samples.</summary>
    internal static void Require(Network network, CompressionOptions options)
    {
        network.Batch.RequireFree("compress");
        if (!network.Parameters.Any(SparsityReport.IsWeight))
        {
            throw new ArgumentException("compress: the network has no weights to prune (got no convolution or linear "
                + "layer with parameters, expected at least one); check that it is the right network");
        }

        RequireClassifier(network);
        string[] layers = [.. network.Nodes.Where(node => node.Parameters.Any(name =>
            SparsityReport.IsWeight(network.Parameters[name]))).Select(node => node.Name)];
        if (options.Ignore.FirstOrDefault(
            pattern => !layers.Any(layer => LayerPattern.Matches(pattern, layer))) is { } stranger)
        {
            throw new ArgumentException("compress: no layer with weights matches an ignored name (got "
                + $"'{stranger}', expected a pattern for one of {Names.Sample(layers)})");
        }

        if (network.Parameters.FirstOrDefault(parameter =>
            parameter.Value.AsSpan<float>().ContainsAnyExceptInRange(float.MinValue, float.MaxValue)) is { } broken)
        {
            throw new ArgumentException($"compress: parameter '{broken.Name}' is not finite; train the network again");
        }
    }

    /// <summary>Throws if there are too few samples to fit the layers to and to choose between networks.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="count">Number of samples to fit to.</param>
    internal static void RequireToCalibrate(Dataset samples, int count)
    {
        if (samples.Count < 2 * count)
        {
            throw new ArgumentException($"compress: too few samples to calibrate (got {samples.Count}, expected "
                + $"{2 * count} or more: half to fit the layers, half to choose); calibrate on fewer samples");
        }
    }

    /// <summary>
    /// Throws if the options need training: thinned activations, or pruning of blocks or channels. Called for
    /// compression without training: <see cref="CompressionPipeline.Calibrate"/> and <see
    /// cref="CompressionPipeline.RunDataFree"/>.
    /// </summary>
    internal static void RequireUntrained(CompressionOptions options)
    {
        if (options.Activations != CompressionActivations.None)
        {
            throw new ArgumentException("compress: winners-take-all needs fine-tuning, but nothing is trained here; "
                + "compress with training, or set activations to none");
        }

        if (options.Structure is CompressionStructure.Blocks or CompressionStructure.Channels)
        {
            throw new ArgumentException(
                "compress: only single weights can be removed without training (got structure "
                + $"{options.Structure.ToString().ToLowerInvariant()}, expected auto, element or none); compress with "
                + "training");
        }
    }

    /// <summary>Throws if a network's accuracy is at chance level, where a bound on its loss is meaningless.</summary>
    /// <param name="accuracy">Accuracy of the network, 0 to 1.</param>
    /// <param name="measured">The samples it was measured on.</param>
    /// <param name="part">What the samples are used for, such as <c>test</c>.</param>
    internal static void RequireBetterThanChance(double accuracy, Dataset measured, string part = "held-out")
    {
        double chance = 1.0 / Math.Max(measured.ClassNames.Count, 1);
        if (accuracy < chance + Math.Min(ChanceMargin * chance, MarginAbove * (1 - chance)))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"compress: the original network is at chance level (got {accuracy * 100:F1} % of {measured.Count} "
                + $"{part} samples, chance is {chance * 100:F1} %); "
                + $"check the data, its normalization and the order of classes"));
        }
    }

    private static void RequireClassifier(Network network)
    {
        bool isClassifier = network.Inputs.Count == 1 && network.Outputs is [{ } output]
            && network.Graph.InfoOf(output.Value) is { IsBatched: true, Shape.Rank: 2 };
        if (!isClassifier)
        {
            throw new ArgumentException("compress: only classifiers with one input and one output [N, classes] can be "
                + $"compressed (got {(network.Inputs.Count == 1 ? Outputs(network) : Inputs(network))})");
        }
    }

    private static string Inputs(Network network) =>
        $"{network.Inputs.Count} inputs: {string.Join(", ", network.Inputs.Select(input => input.Name))}";

    private static string Outputs(Network network) => (network.Outputs.Count == 1 ? "output " : "outputs ")
        + string.Join(", ", network.Outputs.Select(output =>
            $"{output.Name} {Shown(network.Graph.InfoOf(output.Value))}"));

    private static string Shown(ValueInfo info) => info.IsBatched
        ? $"[{string.Join(", ", info.Shape.Skip(1).Select(length => $"{length}").Prepend("N"))}]"
        : $"{info.Shape}";
}
