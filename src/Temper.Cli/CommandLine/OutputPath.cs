namespace Temper.Cli.CommandLine;

/// <summary>What a setting's path is written as.</summary>
internal enum OutputKind
{
    /// <summary>One file.</summary>
    File,

    /// <summary>A folder with several files.</summary>
    Folder,
}

/// <summary>
/// Checks that a path can be written before a command starts its work, which may take hours.
/// </summary>
internal static class OutputPath
{
    /// <summary>Throws if nothing can be written to the path. Nothing is left on disk.</summary>
    /// <param name="flag">Flag that gave the path, for messages.</param>
    /// <param name="path">The path.</param>
    /// <param name="kind">What will be written.</param>
    internal static void Require(string flag, string path, OutputKind kind)
    {
        if (path.Length == 0)
        {
            throw ToolException.Usage($"{flag}: the path is empty; give a {Word(kind)}");
        }

        if (kind == OutputKind.File ? Directory.Exists(path) : File.Exists(path))
        {
            OutputKind found = kind == OutputKind.File ? OutputKind.Folder : OutputKind.File;
            throw Refusal(flag, path, $"it is a {Word(found)}, expected a {Word(kind)}");
        }

        string full = Path.GetFullPath(path);
        string? folder = kind == OutputKind.Folder ? full : Path.GetDirectoryName(full);
        while (folder is not null && !Directory.Exists(folder))
        {
            if (File.Exists(folder))
            {
                throw Refusal(flag, path, $"'{folder}' is a file, expected a folder");
            }

            folder = Path.GetDirectoryName(folder);
        }

        RequireWritable(flag, path, folder ?? full);
    }

    /// <summary>Permissions alone do not tell, so a file is created, which disappears when it is closed.</summary>
    private static void RequireWritable(string flag, string path, string folder)
    {
        string trial = Path.Combine(folder, $".temper-{Path.GetRandomFileName()}");
        try
        {
            using var file = new FileStream(
                trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Refusal(flag, path, $"no file can be created in '{folder}'");
        }
    }

    private static ToolException Refusal(string flag, string path, string reason) =>
        new(ExitCode.InputOutput, $"{flag}: cannot write '{path}' ({reason}); choose another path");

    private static string Word(OutputKind kind) => kind == OutputKind.File ? "file" : "folder";
}
