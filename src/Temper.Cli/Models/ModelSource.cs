using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>
/// Opens the network that the user named: a file, a model folder, a run folder, or a built-in network.
/// </summary>
internal static class ModelSource
{
    /// <summary>File name of the resulting network in a run folder.</summary>
    internal const string ResultName = "model.safetensors";

    /// <summary>Extensions of model files; no built-in network has a name with one of them.</summary>
    private static readonly string[] Extensions = [".onnx", ".safetensors", ".pt", ".pth", ".th", ".bin"];

    internal static Setting<string?> Setting { get; } = new(
        "model",
        "An .onnx, .safetensors or PyTorch file, a model or run folder, or the name of a network such as lenet-5-caffe",
        null, text => text)
    {
        IsPositional = true,
        Words = () => NetworkZoo.Names,
    };

    internal static Setting<string?> Architecture { get; } = new(
        "architecture", "Architecture of a file that holds weights only, such as resnet-20", null, text => text)
    {
        Words = () => NetworkZoo.Names,
        ShortFlag = "--arch",
    };

    /// <summary>Height and width for models that do not fix them.</summary>
    internal static Setting<(int Height, int Width)?> Size { get; } = new(
        "size", "HEIGHTxWIDTH of pictures, such as 224x224, where an ONNX model leaves them open [default: those of "
            + "the data, if there are any]", null, ReadSize);

    /// <summary>Normalization of pixels (0 to 1) to the values that the network was, or will be, trained on.</summary>
    internal static Setting<Normalize?> Normalize { get; } = new(
        "normalize",
        "Means and deviations of the channels, such as 0.49,0.48,0.45/0.25,0.24,0.26: becomes the network's first node",
        null, ReadNormalize);

    /// <summary>
    /// Opens a network to inspect: with the weights of the file, or zero weights for a built-in network.
    /// </summary>
    internal static Network Open(string source, string? architecture = null, OnnxImportOptions? options = null) =>
        IsStored(source) ? ModelReading.Load(PathOf(source), architecture, options) : Build(source, options: null);

    /// <summary>Opens a stored network, which has trained weights.</summary>
    internal static Network OpenTrained(string source, string? architecture, OnnxImportOptions? options = null)
    {
        RequireTrained(source);
        return ModelReading.Load(PathOf(source), architecture, options);
    }

    /// <summary>
    /// Throws if an option is given that no model reads: an architecture if each has a graph, or a size if none is an
    /// ONNX file, which may leave it open.
    /// </summary>
    /// <param name="context">Settings of the command.</param>
    /// <param name="sources">Names of stored models or of built-in networks that are not trained.</param>
    internal static void RefuseUnused(CommandContext context, params IReadOnlyList<string> sources)
    {
        if (sources.All(source => ModelReading.IsOnnx(source) || !IsStored(source)))
        {
            context.RefuseUnused(
                sources.All(ModelReading.IsOnnx) ? "an ONNX file, which has a graph" : "a built-in network",
                [Architecture]);
        }

        if (!sources.Any(ModelReading.IsOnnx))
        {
            context.RefuseUnused("models other than ONNX files, which have a fixed size", [Size]);
        }
    }

    /// <summary>Throws if the name is not the name of a file or folder.</summary>
    internal static void RequireTrained(string source)
    {
        if (!IsStored(source))
        {
            throw ToolException.Usage(
                NetworkZoo.Names.Contains(source, StringComparer.Ordinal)
                    ? $"{source} is an architecture without trained weights; give a file or a run folder "
                        + $"(temper train {source} creates one)"
                    : $"no such model (got '{source}', expected an .onnx, .safetensors or PyTorch file, a model folder "
                        + "or a run folder)");
        }
    }

    /// <summary>Opens a network to time: a stored network, or a built-in network with random weights.</summary>
    internal static Network OpenToTime(string source, string? architecture) => IsStored(source)
        ? ModelReading.Load(PathOf(source), architecture)
        : Build(source, options: null).Initialize(RandomStream.FromSeed(1));

    /// <summary>Creates a built-in network with random weights, to train on the data.</summary>
    internal static Network New(string name, Dataset data, Normalize? normalize, RandomStream weights)
    {
        try
        {
            return Build(name, OptionsFor(data, normalize)).Initialize(weights).WithClassNames(data.ClassNames);
        }
        catch (ShapeMismatchException error)
        {
            Shape sample = data.SampleShape;
            string reason = sample.Rank != 3 && NetworkZoo.Create(name).Inputs[0].SampleShape.Rank == 3
                ? ", which expects pictures [C, H, W]"
                : $" ({Failure.Text(error)})";
            string advice = sample.Rank == 1 ? "; use mlp-64-64, for example" : "";
            throw new ToolException(
                ExitCode.BadInput, $"data: samples {sample} of {data.Name} do not fit {name}{reason}{advice}");
        }
    }

    /// <summary>Input, number of classes and preprocessing of a new network for the data.</summary>
    internal static ZooOptions OptionsFor(Dataset data, Normalize? normalize)
    {
        Runs.DataChecks.RequireSeveralClasses(data);
        InputSpec input = data.SampleShape.Rank == 3
            ? InputSpec.Image(data.SampleShape[0], data.SampleShape[1], data.SampleShape[2])
            : new InputSpec { SampleShape = data.SampleShape };
        return new ZooOptions { Input = input, Classes = data.ClassNames.Count, Preprocessing = normalize };
    }

    /// <summary>
    /// Whether the name is the name of a file or folder, not of a built-in network. Throws if it can only be the name
    /// of a file or folder, and there is none.
    /// </summary>
    internal static bool IsStored(string source)
    {
        bool exists = Path.Exists(source);
        return exists || !IsPath(source) ? exists : throw Missing(source);
    }

    /// <summary>Whether a path is that of a model, by its extension or because it is a folder.</summary>
    internal static bool IsModel(string path) =>
        Directory.Exists(path) || Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Throws if a file that contains a network does not exist.</summary>
    internal static string RequireFile(string path) => Path.Exists(path) ? path : throw Missing(path);

    private static ToolException Missing(string path) => new(
        ExitCode.InputOutput, $"model: there is no such file or folder (got '{path}'); check the name");

    /// <summary>Whether a text is a path, or has an extension of a model file.</summary>
    private static bool IsPath(string text) => text.AsSpan().ContainsAny('/', Path.DirectorySeparatorChar)
        || Extensions.Contains(Path.GetExtension(text), StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The file to read: a run folder contains its result as one file, a model folder has a graph beside its weights.
    /// </summary>
    private static string PathOf(string source)
    {
        string result = Path.Combine(source, ResultName);
        return File.Exists(result) && !File.Exists(Path.Combine(source, ModelFile.GraphName)) ? result : source;
    }

    /// <summary>
    /// Import options of an ONNX model. Height and width that it leaves open are taken from <see cref="Size"/>, else
    /// from the samples.
    /// </summary>
    /// <param name="context">Settings, including <see cref="Size"/>.</param>
    /// <param name="sample">Shape of a sample, <c>[C, H, W]</c>; null: no samples.</param>
    internal static OnnxImportOptions ImportOptions(CommandContext context, Shape? sample = null) => new()
    {
        Size = context.Get(Size) ?? (sample is { Rank: 3 } ? (sample[1], sample[2]) : null),
    };

    private static (int Height, int Width)? ReadSize(string text)
    {
        int[] lengths = [.. text.Split('x').Select(
            part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int length) ? length : 0)];
        return lengths is [> 0 and var height, > 0 and var width]
            ? (height, width)
            : throw new FormatException("HEIGHTxWIDTH in pixels, such as 224x224");
    }

    private static Normalize ReadNormalize(string text)
    {
        float[][] sides = [.. text.Split('/').Select(side => side.Split(',').Select(number =>
            float.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out float value)
                ? value
                : float.NaN).ToArray())];
        return sides is [var mean, var deviation] && mean.Length == deviation.Length
            && mean.All(float.IsFinite) && deviation.All(value => value > 0)
            ? new Normalize { Mean = mean, Deviation = deviation }
            : throw new FormatException("comma-separated channel means, a slash, and the same number of positive "
                + "deviations, such as 0.5/0.25");
    }

    /// <summary>Builds a built-in network with zero weights.</summary>
    /// <param name="name">Name of the network.</param>
    /// <param name="options">Input and number of classes; null: those of the paper.</param>
    internal static Network Build(string name, ZooOptions? options)
    {
        try
        {
            return NetworkZoo.Create(name, options);
        }
        catch (ArgumentException) when (!NetworkZoo.Names.Contains(name, StringComparer.Ordinal)
            && Suggestion.For(name, NetworkZoo.Names) is { Length: > 0 } suggestion)
        {
            throw ToolException.Usage($"no such network (got '{name}'){suggestion}");
        }
    }
}
