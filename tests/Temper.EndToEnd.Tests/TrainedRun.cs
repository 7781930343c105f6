using System.Reflection;

namespace Temper.EndToEnd.Tests;

/// <summary>A run of <c>train</c> that several test classes share, computed once.</summary>
internal static class TrainedRun
{
    private static readonly string Root = SharedFixture.Folder("trained-run", string.Join(' ', RunTests.Small), Assembly.Load("Temper.Cli"), folder =>
    {
        ToolResult result = Tool.RunProcess([.. RunTests.Small, "--runs", Path.Combine(folder, "runs"), "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        File.WriteAllText(Path.Combine(folder, "output.json"), result.Output);
    });

    internal static string Folder => Directory.GetDirectories(Path.Combine(Root, "runs")).Single();

    internal static string Output => File.ReadAllText(Path.Combine(Root, "output.json"));
}
