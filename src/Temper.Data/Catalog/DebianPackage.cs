using System.Diagnostics;
using System.Globalization;

namespace Temper.Data.Catalog;

/// <summary>Downloads the Debian package of a data set and puts the data set's files into a folder.</summary>
internal delegate void PackageFetch(CatalogEntry entry, string folder, IProgress<string>? progress);

/// <summary>
/// Downloads a Debian package with apt and unpacks it, without root privileges and without changing the system. apt
/// uses its own state, cache and package lists in a temporary folder, because the lists of a new machine are empty.
/// </summary>
internal static class DebianPackage
{
    private static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(3);

    /// <summary>Puts the files of the data set's package into a folder.</summary>
    /// <exception cref="IOException">apt is not installed or fails.</exception>
    internal static void Fetch(CatalogEntry entry, string folder, IProgress<string>? progress)
    {
        string work = Path.Combine(folder, "apt");
        foreach (string part in (string[])["state/lists/partial", "cache/archives/partial", "download", "files"])
        {
            Directory.CreateDirectory(Path.Combine(work, part));
        }

        string[] own =
        [
            "-q", "-o", $"Dir::State={work}/state", "-o", $"Dir::State::Lists={work}/state/lists", "-o",
            $"Dir::Cache={work}/cache",
            "-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "APT::Sandbox::User=root", "-o",
            "Acquire::Languages=none",
        ];
        progress?.Report($"{entry.Name}: downloading the Debian package {entry.DebianPackage} with apt");
        Run("apt-get", [.. own, "update"], work);
        Run("apt-get", [.. own, "download", entry.DebianPackage!], Path.Combine(work, "download"));
        string package = Directory.EnumerateFiles(Path.Combine(work, "download"), "*.deb").FirstOrDefault()
            ?? throw new IOException("apt-get download left no package");
        Run("dpkg-deb", ["-x", package, Path.Combine(work, "files")], work);
        foreach (CatalogFile file in entry.Files)
        {
            string source = Path.Combine(work, "files", entry.PackageFolder!, file.Name);
            if (File.Exists(source))
            {
                File.Move(source, Path.Combine(folder, file.Name), overwrite: true);
            }
        }

        Directory.Delete(work, recursive: true);
    }

    private static void Run(string program, string[] arguments, string folder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using Process process = Process.Start(start) ?? throw new IOException($"{program} cannot be started");
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(MaxTime))
        {
            process.Kill(entireProcessTree: true);
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture,
                $"{program} {arguments[^1]} took longer than {MaxTime.TotalMinutes} minutes"));
        }

        if (process.ExitCode != 0)
        {
            string text = errors.GetAwaiter().GetResult().Trim();
            _ = output.GetAwaiter().GetResult();
            throw new IOException($"{program} failed: {text.Split('\n')[^1]}");
        }
    }
}
