using Temper.Cli.CommandLine;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>
/// A network opened for the arrays that it is to run on, with the names that its inputs and outputs have in the file.
/// </summary>
internal sealed record ModelForInputs(Network Network, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs)
{
    /// <summary>Opens a model; lengths that an ONNX file leaves open are those of the arrays.</summary>
    /// <param name="source">File, folder or run.</param>
    /// <param name="architecture">Network that a file with numbers only belongs to.</param>
    /// <param name="given">Arrays by the name of their input; an empty name for the only one.</param>
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

    /// <summary>The arrays by the names that the file has for their inputs.</summary>
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
                $"--input: say which input a file is for, NAME=FILE.npy ({source} has {string.Join(", ", names)})");
    }
}
