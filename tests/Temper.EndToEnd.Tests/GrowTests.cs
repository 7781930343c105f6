using System.Diagnostics;
using System.Text.Json;

namespace Temper.EndToEnd.Tests;

/// <summary><c>temper grow</c> as a process.</summary>
public sealed class GrowTests
{
    private const string Data = "synth:shapes?count=200&classes=3&size=12";

    private static readonly string[] Small =
    [
        "grow", "--family", "basic3", "--widths", "2,4,8", "--data", Data, "--interval", "1", "--window", "3", "--finish-epochs", "2", "--batch", "32",
    ];

    [Fact]
    public void Result_is_a_model_that_every_command_takes_and_one_json_document()
    {
        using var folder = new TemporaryFolder();
        string output = Path.GetRelativePath(Environment.CurrentDirectory, folder["found"]);
        ToolResult result = Tool.Run([.. Small, "--max-macs", "160000", "--runs", folder["runs"], "--output", output, "--compare", "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement root = document.RootElement;
        Assert.Equal(folder["found"], root.GetProperty("output").GetString());
        Assert.Equal(3, root.GetProperty("depths").GetArrayLength());
        Assert.InRange(root.GetProperty("macs").GetInt64(), 1, 160_000);
        Assert.True(root.GetProperty("parameters").GetInt64() > 0 && root.GetProperty("seconds").GetDouble() > 0);
        JsonElement[] path = [.. root.GetProperty("path").EnumerateArray()];
        Assert.Equal("seed", path[0].GetProperty("event").GetString());
        Assert.Equal("finish", path[^1].GetProperty("event").GetString());
        Assert.Contains(path, step => step.GetProperty("event").GetString() is "grow");
        Assert.Equal(JsonValueKind.Null, path[0].GetProperty("accuracy").ValueKind);
        Assert.InRange(path[^1].GetProperty("accuracy").GetDouble(), 0, 1);

        // Each step has one line in the log.
        string[] log = File.ReadAllLines(Path.Combine(root.GetProperty("folder").GetString()!, "log.txt"));
        Assert.All(path, step => Assert.Single(log, line => line.StartsWith(StartOf(step), StringComparison.Ordinal)));
        Assert.NotEqual(0, root.GetProperty("pareto").GetArrayLength());
        Assert.InRange(root.GetProperty("scratch").GetProperty("accuracy").GetDouble(), 0, 1);
        Assert.Contains("How the network grew", File.ReadAllText(root.GetProperty("report").GetString()!), StringComparison.Ordinal);

        // The accuracy measured by eval on the folder is the one reported by grow, and the network can grow further.
        using JsonDocument eval = JsonDocument.Parse(Tool.Run("eval", folder["found"], "--data", Data, "--json").Output);
        Assert.Equal(root.GetProperty("accuracy").GetDouble(), eval.RootElement.GetProperty("accuracy").GetDouble());
        ToolResult on = Tool.Run(["grow", folder["found"], "--data", Data, "--interval", "1", "--window", "1", "--finish-epochs", "1", "--runs", folder["runs"], "--json"]);
        Assert.True(on.ExitCode == 0 || on.Error.Contains("no repeatable block", StringComparison.Ordinal), on.Error);
    }

    [Fact]
    public void Killed_run_goes_on_to_the_same_bytes()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var folder = new TemporaryFolder();
        using (Process process = Tool.Start([], [.. Small, "--runs", folder["killed"], "--quiet"]))
        {
            Directory.CreateDirectory(folder["killed"]);
            SpinWait.SpinUntil(() => Directory.EnumerateDirectories(folder["killed"], "step-*", SearchOption.AllDirectories).Any(), TimeSpan.FromMinutes(2));
            process.Kill();
            Tool.Finish(process);
        }

        ToolResult resumed = Tool.Run("grow", "--resume", "last", "--runs", folder["killed"]);
        ToolResult whole = Tool.Run([.. Small, "--runs", folder["whole"]]);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.True(whole.ExitCode == 0, whole.Error);
        Assert.Equal(Model(folder["whole"]), Model(folder["killed"]));
    }

    [Theory]
    [InlineData("give either a model to grow or --family", "grow", "--data", Data)]
    [InlineData("did you mean 'basic3'", "grow", "--family", "basic", "--data", Data)]
    [InlineData("use another family, such as mlp", "grow", "--family", "vgg", "--data", "synth:blobs?count=100")]
    [InlineData("the initial network 1-1-1 already exceeds a limit", "grow", "--family", "basic3", "--data", Data, "--max-parameters", "100")]
    [InlineData("--widths: basic3 has 3 stages (got 2 widths)", "grow", "--family", "basic3", "--widths", "4,8", "--data", Data)]
    [InlineData("--depths: basic3 has 3 stages (got 2 depths)", "grow", "--family", "basic3", "--depths", "1,1", "--data", Data)]
    [InlineData("for a new network use --family", "grow", "resnet-20", "--data", Data)]
    [InlineData("silences a block", "grow", "--family", "plain3", "--initializer", "zero", "--data", Data)]
    [InlineData("--tau does not apply to --stopping paired", "grow", "--family", "basic3", "--data", Data, "--stopping", "paired", "--tau", "1")]
    [InlineData("--repair-epochs does not apply to --keep-all", "grow", "--family", "basic3", "--data", Data, "--keep-all", "--repair-epochs", "1")]
    public void What_cannot_be_grown_gives_2_and_says_why(string message, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        ToolResult result = Tool.Run([.. arguments, "--runs", folder["runs"]]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    /// <summary>Event, stage and depths, as the log shows them.</summary>
    private static string StartOf(JsonElement step)
    {
        string stage = step.GetProperty("stage").GetString() is { } name ? $" {name}" : "";
        return $"{step.GetProperty("event").GetString()}{stage}: {string.Join('-', step.GetProperty("depths").EnumerateArray().Select(depth => depth.GetInt32()))},";
    }

    private static byte[] Model(string runs) => File.ReadAllBytes(Path.Combine(Directory.GetDirectories(runs).Single(), "model.safetensors"));
}
