using System.Diagnostics;
using System.Xml.Linq;
using Xunit.Abstractions;

namespace Temper.EndToEnd.Tests;

/// <summary>
/// Temper from packages only: packed, installed from a folder with empty caches, and used as a tool and as a library.
/// Dependencies come from the public NuGet feed, so these tests need network access. The projects must be built
/// beforehand.
/// </summary>
public sealed class PackageTests(ITestOutputHelper log) : IDisposable
{
    private const string Data = "synth:shapes?count=120";
    private const long MaxToolBytes = 4L * 1024 * 1024;
    private static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(10);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LongFact]
    public void Packages_install_and_run()
    {
        string root = Root(), packages = Path.Combine(_folder.Path, "packages");
        string[] locks = [.. Directory.GetFiles(Path.Combine(root, "src"), "packages.lock.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        string[] before = [.. locks.Select(File.ReadAllText)];
        Pack(root, packages);
        Assert.InRange(new FileInfo(Directory.GetFiles(packages, "Temper.0*.nupkg").Single()).Length, 1, MaxToolBytes);
        WriteConfiguration(packages);

        Dotnet("tool", "install", "Temper", "--tool-path", "tool", "--configfile", "nuget.config");
        RunTool();
        RunLibrary(root);
        Assert.Equal(before, locks.Select(File.ReadAllText));
    }

    private void Pack(string root, string packages)
    {
        Dotnet("pack", Path.Combine(root, "Temper.slnx"), "-c", "Release", "--no-build", "-o", packages, "-v", "quiet");
        string[] projects = [.. Directory.GetDirectories(Path.Combine(root, "src")).Select(path => Path.GetFileName(path)!)];
        string[] found = Directory.GetFiles(packages, "*.nupkg");
        Assert.Equal(projects.Length, found.Length);
        Assert.Equal(projects.Length, Directory.GetFiles(packages, "*.snupkg").Length);
        Assert.Single(found.Select(path => Path.GetFileName(path)).Select(name => name[(name.IndexOf(".0.", StringComparison.Ordinal) + 1)..]).Distinct());
    }

    /// <summary>Trains, predicts and measures with the installed tool.</summary>
    private void RunTool()
    {
        string tool = Path.Combine(_folder.Path, "tool", OperatingSystem.IsWindows() ? "temper.exe" : "temper");
        Assert.Contains("temper [command]", Run(tool, "--help"), StringComparison.Ordinal);
        Run(tool, "train", "lenet-5", "--data", Data, "--epochs", "1", "--runs", "runs");
        string model = Directory.GetDirectories(Path.Combine(_folder.Path, "runs")).Single();
        Formats.Npz.NpyFile.Save(_folder["x.npy"], Tensors.Tensor.Zeros([2, 1, 28, 28]));
        Run(tool, "predict", model, "--input", "input=x.npy", "--output", "predicted");
        Assert.Single(Directory.GetFiles(Path.Combine(_folder.Path, "predicted"), "*.npy"));
        Run(tool, "bench", model, "--batch", "1", "--seconds", "0.01");
    }

    /// <summary>Runs the QuickStart sample with packages only, untrimmed and trimmed.</summary>
    private void RunLibrary(string root)
    {
        string text = File.ReadAllText(Path.Combine(root, "samples", "QuickStart", "Program.cs"));
        string version = Path.GetFileNameWithoutExtension(Directory.GetFiles(Path.Combine(_folder.Path, "packages"), "Temper.Core.*.nupkg").Single())["Temper.Core.".Length..];
        string program = Directory.CreateDirectory(Path.Combine(_folder.Path, "program")).FullName;
        File.WriteAllText(Path.Combine(program, "Program.cs"), text);
        new XElement(
            "Project",
            new XAttribute("Sdk", "Microsoft.NET.Sdk"),
            new XElement(
                "PropertyGroup",
                new XElement("OutputType", "Exe"), new XElement("TargetFramework", "net10.0"), new XElement("ImplicitUsings", "enable"),
                new XElement("InvariantGlobalization", "true")),
            new XElement("ItemGroup", new[] { "Temper.Training", "Temper.Compression" }.Select(name =>
                new XElement("PackageReference", new XAttribute("Include", name), new XAttribute("Version", version)))))
            .Save(Path.Combine(program, "program.csproj"));
        Assert.Contains("weights is left", Dotnet("run", "--project", "program", "-c", "Release", "--", Data), StringComparison.Ordinal);
        Dotnet("publish", "program", "-c", "Release", "--use-current-runtime", "--self-contained", "-p:PublishTrimmed=true", "-p:TrimmerSingleWarn=false", "-o", "trimmed");
        Assert.Contains("weights is left", Run(Path.Combine(_folder.Path, "trimmed", OperatingSystem.IsWindows() ? "program.exe" : "program"), Data), StringComparison.Ordinal);
    }

    /// <summary>
    /// Takes Temper's packages from the folder and all others from the public feed; build settings of parent folders
    /// are not inherited.
    /// </summary>
    private void WriteConfiguration(string packages)
    {
        _folder.Write("nuget.config", $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="folder" value="{packages}" />
                <add key="public" value="https://api.nuget.org/v3/index.json" />
              </packageSources>
              <packageSourceMapping>
                <packageSource key="folder"><package pattern="Temper" /><package pattern="Temper.*" /></packageSource>
                <packageSource key="public"><package pattern="*" /></packageSource>
              </packageSourceMapping>
            </configuration>
            """);
        _folder.Write("Directory.Build.props", "<Project />");
        _folder.Write("Directory.Packages.props", "<Project />");
    }

    private string Dotnet(params string[] arguments) => Run("dotnet", arguments);

    private string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder.Path, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        start.Environment["DOTNET_CLI_HOME"] = Path.Combine(_folder.Path, "home");
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        if (arguments[0] is not "pack")
        {
            start.Environment["NUGET_PACKAGES"] = Path.Combine(_folder.Path, "cache");
        }

        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(MaxTime), $"{program} {string.Join(' ', arguments)} ran for more than {MaxTime}");
        log.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalSeconds,6:F1} s: {Path.GetFileName(program)} {string.Join(' ', arguments)}");
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}\n{output.GetAwaiter().GetResult()}{error.GetAwaiter().GetResult()}");
        return output.GetAwaiter().GetResult();
    }

    private static string Root()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Temper.slnx")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
