using System.Diagnostics;

namespace Temper.EndToEnd.Tests;

/// <summary>Result of a run of the tool.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error);

/// <summary>Runs the tool in this process, or as a separate process if a test needs one.</summary>
internal static class Tool
{
    private static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(3);

    /// <summary>
    /// Tests block threads of the pool while the tool runs in this process, and a busy machine adds no further ones; the
    /// timer of a time limit needs a free thread.
    /// </summary>
    static Tool() => ThreadPool.SetMinThreads(workerThreads: 16, completionPortThreads: 16);

    /// <summary>
    /// Runs the tool in this process, which saves the second that a process needs to start and compile its code. Tests
    /// of streams, signals and environment variables, and one run of each command, use a separate process.
    /// </summary>
    internal static ToolResult Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using IDisposable redirection = RedirectedConsole.To(output, error);
        int code = Cli.CommandLine.Application.Run(arguments);
        return new ToolResult(code, output.ToString(), error.ToString());
    }

    /// <summary>Runs the tool as a process, as users do.</summary>
    internal static ToolResult RunProcess(params string[] arguments) => RunWith([], arguments);

    /// <summary>Runs the tool as a process with additional environment variables.</summary>
    internal static ToolResult RunWith(Dictionary<string, string?> environment, params string[] arguments)
    {
        using Process process = Start(environment, arguments);
        return Finish(process);
    }

    internal static Process Start(Dictionary<string, string?> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Temper.Cli.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach ((string name, string? value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    internal static ToolResult Finish(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(MaxTime))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"the tool ran for more than {MaxTime}");
        }

        return new ToolResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }
}
