using Temper.Cli.CommandLine;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>A network opened for given input arrays, with the names of its inputs and outputs in the file.</summary>
internal sealed record ModelForInputs(Network Network, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs)
{
    /// <summary>Opens a model. Axis lengths that an ONNX file leaves open are taken from the arrays.</summary>
    /// <param name="source">A model file, model folder or run folder.</param>
    /// <param name="architecture">
    /// Architecture for a file that contains weights only; null: the file must contain a graph.
    /// </param>
    /// <param name="given">Arrays by input name; the empty name stands for the only input.</param>
    internal static ModelForInputs Open(string source, string? architecture, IReadOnlyDictionary<string, Tensor> given)
    {
        if (!ModelReading.IsOnnx(source))
        {
            Network network = ModelSource.OpenTrained(source, architecture);
            return new ModelForInputs(network, [.. network.Inputs.Select(input =>
                input.Name)], [.. network.Outputs.Select(output => output.Name)]);
        }

        ModelReading.RequireFile(source);
        OnnxImport model = OnnxFile.LoadFor(source, Named(source, given));
        return new ModelForInputs(model.Network, model.InputNames, model.OutputNames);
    }

    /// <summary>The arrays by the input names of the file.</summary>
    private static IReadOnlyDictionary<string, Tensor> Named(string source, IReadOnlyDictionary<string, Tensor> given)
    {
        if (!given.TryGetValue("", out Tensor? only))
        {
            return given;
        }

        IReadOnlyList<string> names = OnnxFile.InputNames(source);
        return names.Count == 1 && given.Count == 1
            ? new Dictionary<string, Tensor>(StringComparer.Ordinal) { [names[0]] = only }
            : throw ToolException.Usage(
                $"--input: name the input of each file, NAME=FILE.npy ({source} has {string.Join(", ", names)})");
    }
}
