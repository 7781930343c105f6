using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Predictions;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper predict</c>: runs a network on arrays and writes its outputs, or prints the classes of pictures or of the
/// rows of tables.
/// </summary>
internal sealed class PredictCommand()
    : ToolCommand(
        "predict", "Run a network on pictures, on rows of a .csv file, or on arrays: .npy files in, .npy files out")
{
    private static readonly Setting<IReadOnlyList<string>> Inputs = Setting.List(
        "input", "Pictures or folders of pictures; or tables of rows (rows.csv); or an array as NAME=FILE.npy, where "
            + "NAME= may be omitted when the network has one input");

    private static readonly Setting<string?> Output = Setting.Output(
        "output", "Of arrays: output folder, created if missing; one NAME.npy per output", OutputKind.Folder);

    private static readonly Setting<bool> Force = Setting.Switch("force", "Of arrays: overwrite existing files");

    internal override IReadOnlyList<string> Examples =>
    [
        "predict runs/train-pictures-1-... --input cat.jpg more/ --top 3",
        "predict runs/train-iris.csv-1-... --input rows.csv --json",
        "predict model.onnx --input x.npy --output predicted",
    ];

    internal override IReadOnlyList<Setting> Settings => field ??=
        [
            ModelSource.Setting, ModelSource.Architecture, Inputs, Output, PredictionEngine.Setting, Force,
            .. PicturePredictions.Settings,
        ];

    internal override int Run(CommandContext context)
    {
        IReadOnlyList<string> files = context.Get(Inputs);
        InputKind kind = InputKinds.Of(files);
        if (kind is not InputKind.Arrays)
        {
            context.RefuseUnused(kind is InputKind.Pictures ? "pictures" : "tables", [Output, Force]);
            string model = context.Require(ModelSource.Setting);
            return kind is InputKind.Pictures
                ? PicturePredictions.Run(context, model, files)
                : RowPredictions.Run(context, model, files);
        }

        if (Preprocessing.OfNetwork.FirstOrDefault(context.Values.IsGiven) is { } setting)
        {
            throw ToolException.Usage($"predict: {setting.Flag} does not apply to arrays; store it in the network "
                + $"first: temper convert MODEL TARGET {setting.Flag} ...");
        }

        context.RefuseUnused("arrays", PicturePredictions.Settings);
        return RunOnArrays(context);
    }

    private int RunOnArrays(CommandContext context)
    {
        string source = context.Require(ModelSource.Setting), folder = context.Require(Output);
        Dictionary<string, Tensor> given = Read(context.Get(Inputs));
        ModelSource.RefuseUnused(context, source);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        (Network network, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs) =
            Open(source, context.Get(ModelSource.Architecture), given);
        // The import may have turned an input of the ONNX model into a constant of the network.
        if (!ModelReading.IsOnnx(source) && given.Keys.FirstOrDefault(
            name => name.Length > 0 && !inputs.Contains(name, StringComparer.Ordinal)) is { } stranger)
        {
            throw ToolException.Usage(
                $"--input: the network has no such input (got '{stranger}', expected {string.Join(", ", inputs)})");
        }

        Tensor[] values = [.. inputs.Zip(network.Inputs, (name, input) => Fitted(input, ValueOf(name, inputs, given)))];
        RequireTypes(context, inputs, network, values);
        string[] files = Files(context, folder, outputs);
        using var engine = new PredictionEngine(source, network, context.Get(PredictionEngine.Setting));
        IReadOnlyList<Tensor> results = engine.Run(values);
        Directory.CreateDirectory(folder);
        for (int i = 0; i < results.Count; i++)
        {
            NpyFile.Save(files[i], results[i]);
        }

        Tell(context, source, results, [.. outputs.Zip(files)]);
        return ExitCode.Success;
    }

    private void Tell(
        CommandContext context, string source, IReadOnlyList<Tensor> results, (string Name, string File)[] outputs)
    {
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["model"] = source,
                ["outputs"] = new JsonArray([.. results.Select((result, i) => (JsonNode)new JsonObject
                {
                    ["name"] = outputs[i].Name,
                    ["file"] = outputs[i].File,
                    ["dtype"] = result.DType.ToString().ToLowerInvariant(),
                    ["shape"] = new JsonArray([.. result.Shape.Select(length => (JsonNode)length)]),
                })]),
            });
        }
        else
        {
            for (int i = 0; i < results.Count; i++)
            {
                Console.Out.WriteLine($"{outputs[i].File}: {results[i].DType} {results[i].Shape}");
            }
        }
    }

    /// <summary>
    /// Opens the model for the given arrays. If an ONNX file declares other shapes, it is opened as declared, provided
    /// that an array can be reshaped to them.
    /// </summary>
    private static ModelForInputs Open(string source, string? architecture, IReadOnlyDictionary<string, Tensor> given)
    {
        try
        {
            return ModelForInputs.Open(source, architecture, given);
        }
        catch (ModelFormatException) when (ModelReading.IsOnnx(source))
        {
            if (Declared(source, given) is { } model)
            {
                return model;
            }

            throw;
        }
    }

    /// <summary>The model of an ONNX file with declared shapes; null if no array can be reshaped to them.</summary>
    private static ModelForInputs? Declared(string source, IReadOnlyDictionary<string, Tensor> given)
    {
        OnnxImport model;
        try
        {
            model = OnnxFile.Load(source);
        }
        catch (ModelFormatException)
        {
            return null;
        }

        bool isReshaped = model.InputNames.Zip(model.Network.Inputs).Any(input =>
            (given.GetValueOrDefault(input.First) ?? given.GetValueOrDefault("")) is { } value
                && !ReferenceEquals(Fitted(input.Second, value), value));
        return isReshaped ? new ModelForInputs(model.Network, model.InputNames, model.OutputNames) : null;
    }

    /// <summary>
    /// The array with its samples in the shape of the input, if they have as many elements in the same order, as when
    /// the network takes flattened pictures. Pictures with channels last have another order and are not reshaped.
    /// </summary>
    private static Tensor Fitted(InputSpec input, Tensor value)
    {
        Shape wanted = input.SampleShape;
        if (!input.IsBatched || value.Rank == 0 || value.Shape[0] == 0)
        {
            return value;
        }

        Shape given = Shape.Create(value.Shape.AsSpan()[1..]);
        bool hasChannelsLast = given.Rank == 3 && given[2] is (3 or 4) && given[0] is not (1 or 3 or 4),
            isOtherOrder = hasChannelsLast || (given.Rank == 3 && wanted.Rank == 3);
        return given.Equals(wanted) || given.Count != wanted.Count || isOtherOrder
            ? value
            : value.Reshape([value.Shape[0], .. wanted.AsSpan()]);
    }

    private static Dictionary<string, Tensor> Read(IReadOnlyList<string> inputs)
    {
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (string input in inputs)
        {
            (string name, string file) = InputKinds.Split(input);
            if (!values.TryAdd(name, NpyFile.Load(file)))
            {
                throw ToolException.Usage($"--input: an input is given twice (got '{name}')");
            }
        }

        return values;
    }

    /// <summary>Throws if an array has another type than its input, with the name of its file.</summary>
    private static void RequireTypes(
        CommandContext context, IReadOnlyList<string> names, Network network, Tensor[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            InputSpec input = network.Inputs[i];
            if (values[i].DType != input.DType)
            {
                string file = context.Get(Inputs).Select(InputKinds.Split).First(
                    one => one.Name.Length == 0 || string.Equals(one.Name, names[i], StringComparison.Ordinal)).File;
                throw new ToolException(ExitCode.BadInput, $"predict: {file}: wrong dtype for input '{names[i]}' (got "
                    + $"{values[i].DType}, expected {input.DType}); convert the array first");
            }
        }
    }

    private static Tensor ValueOf(string name, IReadOnlyList<string> names, Dictionary<string, Tensor> given)
    {
        if (given.TryGetValue(name, out Tensor? value) || (names.Count == 1 && given.TryGetValue("", out value)))
        {
            return value;
        }

        throw ToolException.Usage($"--input: input '{name}' has no value (got "
            + $"{(given.Count == 0 ? "none" : string.Join(", ", given.Keys))}, expected {string.Join(", ", names)})");
    }

    /// <summary>Returns the files of the outputs, each with a name of its own; throws if one exists.</summary>
    private static string[] Files(CommandContext context, string folder, IReadOnlyList<string> outputs)
    {
        string[] files = [.. outputs.Select(name => Path.Combine(folder, FileName(name)))];
        for (int i = 0; i < files.Length; i++)
        {
            for (int n = 1; files.AsSpan(0, i).Contains(files[i]); n++)
            {
                files[i] = Path.Combine(folder, FileName($"{outputs[i]}_{n}"));
            }
        }

        return context.Get(Force) || Array.Find(files, File.Exists) is not { } there
            ? files
            : throw ToolException.Usage(
                $"predict: {there} already exists; choose another folder, or overwrite it with --force");
    }

    private static string FileName(string output) => string.Concat(
        output.Select(c => Path.GetInvalidFileNameChars().Contains(c) || c is '/' or '\\' or ':' ? '_' : c)) + ".npy";
}
