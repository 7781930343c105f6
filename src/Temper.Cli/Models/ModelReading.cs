using Temper.Cli.CommandLine;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Models;

/// <summary>
/// Reads networks of every format: ONNX files, model folders, files with a graph, and weights-only files with an
/// architecture.
/// </summary>
internal static class ModelReading
{
    private const string OnnxExtension = ".onnx";

    internal static bool IsOnnx(string path) => path.EndsWith(OnnxExtension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Loads a network with its weights.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="architecture">
    /// Architecture for a file that contains weights only; null: the file must contain a graph.
    /// </param>
    /// <param name="options">Axis lengths that an ONNX file leaves open; null: none given.</param>
    internal static Network Load(string path, string? architecture, OnnxImportOptions? options = null)
    {
        if (IsOnnx(path))
        {
            RequireFile(path);
            return OnnxFile.Load(path, options).Network;
        }

        if (Directory.Exists(path) && !File.Exists(Path.Combine(path, ModelFile.WeightsName)))
        {
            throw new ToolException(
                ExitCode.InputOutput, $"model: {path} is neither a model folder nor the folder of a finished run (it "
                    + $"has no {ModelFile.WeightsName}); give another folder, or a file");
        }

        if (architecture is null && ModelFile.HoldsGraph(path))
        {
            return ModelFile.Load(path);
        }

        StateDict tensors =
            StateDict.Load(Directory.Exists(path) ? Path.Combine(path, ModelFile.WeightsName) : path, names: null);
        if (architecture is null)
        {
            string[] fitting = [.. NetworkZoo.Names.Where(
                name => Options(tensors).Any(options => Fits(name, options, tensors)))];
            throw ToolException.Usage(
                $"{path} contains weights but no graph; name their network with --architecture "
                + $"({(fitting.Length > 0 ? $"fitting: {string.Join(", ", fitting)}" : "no built-in network fits")})");
        }

        ZooOptions chosen = Options(tensors).FirstOrDefault(options => Fits(architecture, options, tensors))
            ?? new ZooOptions();
        return ModelFile.LoadWeights(ModelSource.Build(architecture, chosen), path);
    }

    /// <summary>Throws if the path is a folder, for which the system reports only that access is denied.</summary>
    internal static void RequireFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw new ToolException(ExitCode.InputOutput, $"{path} is a folder (expected a file)");
        }
    }

    /// <summary>
    /// Options of built-in networks that the tensors may fit: the default number of classes, or the length of the last
    /// bias.
    /// </summary>
    private static ZooOptions[] Options(StateDict tensors)
    {
        Shape? last = tensors.Tensors.LastOrDefault(entry => entry.Value.Rank == 1).Value?.Shape;
        return last is null || last.Count == new ZooOptions().Classes
            ? [new()]
            : [new(), new() { Classes = Math.Max(last.Count, 1) }];
    }

    private static bool Fits(string name, ZooOptions options, StateDict tensors) =>
        tensors.Misfits(ModelSource.Build(name, options).Graph, ModelFile.MaskSuffix) is null;
}
