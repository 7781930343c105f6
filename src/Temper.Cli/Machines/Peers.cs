namespace Temper.Cli;

/// <summary>Finds optional third-party programs and libraries that some commands use or are compared with.</summary>
internal static class Peers
{
    private static readonly string[] LibraryFolders =
        ["/usr/lib", "/usr/local/lib", $"/usr/lib/{Triplet}", $"/lib/{Triplet}", "/usr/lib64"];

    private static string Triplet => System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.Arm64 => "aarch64-linux-gnu",
        _ => "x86_64-linux-gnu",
    };

    /// <summary>The tools, each with the path where it was found (null: not found) and its use.</summary>
    internal static (string Tool, string? Found, string Use)[] Find() =>
    [
        ("ffmpeg", Program("ffmpeg"), "reads JPEG and video"),
        ("python3", Program("python3"), "runs the comparisons under bench/peers"),
        ("pytorch", PythonPackage("torch"), "used for comparison in bench/peers"),
        ("onnxruntime", Environment.GetEnvironmentVariable("TEMPER_ONNXRUNTIME") ?? Library(
            "libonnxruntime.so"), "used for comparison by temper bench MODEL"),
        ("onednn", Library("libdnnl.so"), "used for comparison in bench/peers"),
        ("openblas", Library("libopenblas.so"), "used for comparison in bench/peers"),
    ];

    private static string? Program(string name)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        string[] names = OperatingSystem.IsWindows() ? [$"{name}.exe"] : [name];
        return folders.SelectMany(folder => names.Select(file => Path.Combine(folder, file)))
            .FirstOrDefault(File.Exists);
    }

    private static string? Library(string prefix) => Under(LibraryFolders, folder =>
        Directory.EnumerateFiles(folder, $"{prefix}*").Order(StringComparer.Ordinal).FirstOrDefault());

    private static string? PythonPackage(string name) =>
        Under(["/usr/lib/python3/dist-packages", "/usr/local/lib"], folder =>
        Directory.EnumerateDirectories(folder, name).Concat(
            Directory.EnumerateDirectories(folder, "python3*")
                .Select(version => Path.Combine(version, "dist-packages", name)).Where(Directory.Exists))
            .FirstOrDefault());

    private static string? Under(IEnumerable<string> folders, Func<string, string?> find) =>
        folders.Where(Directory.Exists).Select(find).FirstOrDefault(found => found is not null);
}
