using Temper.Cli.CommandLine;

namespace Temper.Cli.Models;

/// <summary>Checks the name under which a network is to be written.</summary>
internal static class ModelTarget
{
    /// <summary>
    /// Extensions of formats that are not written. Without this check, such a name would become the name of a folder.
    /// </summary>
    private static readonly string[] Unwritable =
        [".pt", ".pth", ".th", ".ckpt", ".npz", ".npy", ".bin", ".onx", ".pb", ".h5", ".tflite"];

    /// <summary>Whether the extension names a format that only files of other programs have, or ONNX.</summary>
    internal static bool IsOfAnotherFormat(string path) => ModelReading.IsOnnx(path)
        || Unwritable.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Throws if the extension names a format that the command cannot write.</summary>
    /// <param name="command">Name of the command.</param>
    /// <param name="path">The file or folder to write.</param>
    /// <param name="writesOnnx">Whether the command writes ONNX files.</param>
    internal static void Require(string command, string path, bool writesOnnx)
    {
        string extension = Path.GetExtension(path);
        if (Unwritable.Contains(extension, StringComparer.OrdinalIgnoreCase)
            || (!writesOnnx && ModelReading.IsOnnx(path)))
        {
            throw ToolException.Usage($"{command}: cannot write this format (got '{extension}', expected "
                + $"{(writesOnnx ? ".onnx, .safetensors, or a folder" : ".safetensors or a folder")})");
        }
    }

    /// <summary>Throws if the path does not have the extension of a file that holds a network.</summary>
    /// <param name="command">Name of the command.</param>
    /// <param name="path">The file to write; null: none.</param>
    internal static void RequireFile(string command, string? path)
    {
        if (path is not null && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            throw ToolException.Usage($"{command}: --output is a file with a network (got '{path}', expected a name "
                + "ending in .safetensors); temper convert writes other formats");
        }
    }
}
