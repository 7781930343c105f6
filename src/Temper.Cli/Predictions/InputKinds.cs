using Temper.Cli.CommandLine;
using Temper.Data.Images;
using Temper.Data.Tables;
using Temper.Formats.Npz;

namespace Temper.Cli.Predictions;

/// <summary>What <c>temper predict</c> reads.</summary>
internal enum InputKind
{
    Arrays,
    Pictures,
    Tables,
}

/// <summary>Tells arrays, pictures and tables apart.</summary>
internal static class InputKinds
{
    /// <summary>
    /// The kind of the inputs; throws if they are of several kinds or do not exist. A missing file is a picture if its
    /// name says so: it is reported with the others.
    /// </summary>
    internal static InputKind Of(IReadOnlyList<string> inputs)
    {
        IGrouping<InputKind, string>[] kinds = [.. inputs.GroupBy(KindOf).OrderBy(group => group.Key)];
        return kinds.Length switch
        {
            0 => InputKind.Arrays,
            1 => kinds[0].Key,
            _ => throw ToolException.Usage(
                $"--input: {NameOf(kinds[0].Key)} and {NameOf(kinds[1].Key)} cannot be mixed (got {kinds[0].First()} "
                    + $"and {kinds[1].First()}); give them to two commands"),
        };
    }

    /// <summary>
    /// The name of an input of the network and the file with its values, of a text <c>NAME=FILE</c> or <c>FILE</c>.
    /// </summary>
    internal static (string Name, string File) Split(string input)
    {
        // The name of a folder may have the sign too.
        int sign = File.Exists(input) ? -1 : input.IndexOf('=', StringComparison.Ordinal);
        return sign < 0 ? ("", input) : (input[..sign], input[(sign + 1)..]);
    }

    private static string NameOf(InputKind kind) => kind.ToString().ToLowerInvariant();

    private static InputKind KindOf(string input)
    {
        if (Directory.Exists(input))
        {
            return InputKind.Pictures;
        }

        if (File.Exists(input) && (HasExtension(input, [".npy"]) || NpyFile.IsArray(input)))
        {
            return InputKind.Arrays;
        }

        if (TableRows.PathOf(input) is { } table)
        {
            return File.Exists(table) ? InputKind.Tables : throw Missing(table);
        }

        string file = Split(input).File;
        return File.Exists(input) || HasExtension(input, PictureFile.Extensions) ? InputKind.Pictures
            : File.Exists(file) ? InputKind.Arrays
            : throw Missing(file);
    }

    private static ToolException Missing(string path) => new(
        ExitCode.InputOutput, $"--input: there is no such file or folder (got '{path}'); check the name");

    private static bool HasExtension(string path, IReadOnlyList<string> extensions) =>
        extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
