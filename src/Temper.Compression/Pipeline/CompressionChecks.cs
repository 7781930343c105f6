using System.Globalization;
using System.IO.Enumeration;
using Temper.Data;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>What must hold before anything is trained.</summary>
internal static class CompressionChecks
{
    /// <summary>A network this little above chance has nothing that could be kept.</summary>
    private const double ChanceMargin = 1.5;

    internal static void Require(Network network, Dataset validation, CompressionOptions options)
    {
        network.Batch.RequireFree("compress");
        if (!network.Parameters.Any(Pruning.SparsityReport.IsWeight))
        {
            throw new ArgumentException("compress: the network has no weights to thin (got no convolution or linear "
                + "layer with parameters); see temper inspect");
        }

        string[] layers = [.. network.Nodes.Where(node => node.Parameters.Any(name =>
            Pruning.SparsityReport.IsWeight(network.Parameters[name]))).Select(node => node.Name)];
        if (options.Ignore.FirstOrDefault(pattern => !layers.Any(layer =>
            FileSystemName.MatchesSimpleExpression(pattern, layer, ignoreCase: false))) is { } stranger)
        {
            throw new ArgumentException("compress: no layer with weights has the name that is to be ignored (got "
                + $"'{stranger}', expected a pattern for one of {Names.Sample(layers)})");
        }

        if (validation.TargetShape is not null || validation.ClassNames.Count < 2)
        {
            throw new ArgumentException(
                $"compress: {validation.Name} has no classes to measure accuracy with (expected class labels)");
        }

        if (network.Parameters.FirstOrDefault(parameter =>
            parameter.Value.AsSpan<float>().ContainsAnyExceptInRange(float.MinValue, float.MaxValue)) is { } broken)
        {
            throw new ArgumentException($"compress: parameter '{broken.Name}' is not finite; train the network again");
        }
    }

    /// <summary>For forms of compression without training.</summary>
    internal static void RequireUntrained(CompressionOptions options)
    {
        if (options.Activations != CompressionActivations.None)
        {
            throw new ArgumentException("compress: winners are fine-tuned, and this form does not train; compress with "
                + "training, or leave activations as they are");
        }

        if (options.Structure is CompressionStructure.Blocks or CompressionStructure.Channels)
        {
            throw new ArgumentException(
                "compress: without training single weights are removed (got structure "
                + $"{options.Structure.ToString().ToLowerInvariant()}, expected auto, element or none); compress with "
                    + "training");
        }
    }

    /// <summary>A network at chance cannot lose accuracy, so the bound would mean nothing.</summary>
    internal static void RequireBetterThanChance(double accuracy, Dataset validation)
    {
        double chance = 1.0 / validation.ClassNames.Count;
        if (accuracy < Math.Min(ChanceMargin * chance, (1 + chance) / 2))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"compress: the network that came in is at chance (got {accuracy * 100:F1} % of {validation.Count} "
                + $"held-out samples, chance is {chance * 100:F1} %); "
                + $"check --data, --normalize and the order of classes"));
        }
    }
}
