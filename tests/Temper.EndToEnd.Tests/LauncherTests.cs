using System.Diagnostics;

namespace Temper.EndToEnd.Tests;

/// <summary>The script that builds the tool when needed, with a program in place of the SDK that only counts builds.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Two builds in one tree would write the same files.</summary>
    [Fact]
    public async Task Calls_at_once_build_once()
    {
        if (OperatingSystem.IsWindows() || !InPath("flock"))
        {
            return;
        }

        Directory.CreateDirectory(_folder["src/Temper.Cli"]);
        Directory.CreateDirectory(_folder["sdk"]);
        foreach (string name in new[] { "Directory.Build.props", "global.json", "BannedSymbols.txt" })
        {
            _folder.Write(name, "");
        }

        File.Copy(Path.Combine(Root(), "temper"), _folder["temper"]);
        string dotnet = _folder.Write("sdk/dotnet", "#!/usr/bin/env bash\nif [ \"$1\" = build ]; then sleep 0.3; echo built >> \"$BUILDS\"; fi\n");
        File.SetUnixFileMode(dotnet, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Process[] calls = [Start(), Start(), Start()];
        foreach (Process call in calls)
        {
            await call.WaitForExitAsync();
            Assert.Equal(0, call.ExitCode);
            call.Dispose();
        }

        Assert.Single(File.ReadAllLines(_folder["builds"]));
    }

    private Process Start()
    {
        var start = new ProcessStartInfo("bash", [_folder["temper"]]) { UseShellExecute = false };
        start.Environment["PATH"] = $"{_folder["sdk"]}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["BUILDS"] = _folder["builds"];
        return Process.Start(start)!;
    }

    private static bool InPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)));

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
