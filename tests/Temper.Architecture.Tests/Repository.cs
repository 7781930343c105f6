namespace Temper.Architecture.Tests;

/// <summary>The files of this repository, without build outputs and other generated folders.</summary>
internal static class Repository
{
    private static readonly string[] LeftOut = ["bin", "obj", ".git", "artifacts", "runs", "node_modules", "TestResults"];

    internal static string Root { get; } = FindRoot();

    /// <summary>Returns paths relative to the root with forward slashes, in ordinal order.</summary>
    internal static IReadOnlyList<string> Files(string below, string pattern)
    {
        var found = new List<string>();
        Collect(new DirectoryInfo(Path.Combine(Root, below)), pattern, found);
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    internal static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static void Collect(DirectoryInfo folder, string pattern, List<string> found)
    {
        found.AddRange(folder.EnumerateFiles(pattern).Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/')));
        foreach (DirectoryInfo inner in folder.EnumerateDirectories().Where(inner => !LeftOut.Contains(inner.Name, StringComparer.Ordinal)))
        {
            Collect(inner, pattern, found);
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Temper.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"no folder above {AppContext.BaseDirectory} holds Temper.slnx");
    }
}
