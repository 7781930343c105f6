using System.Diagnostics;
using System.Text.Json;

namespace Temper.EndToEnd.Tests;

/// <summary>Commands that train: their output files, and how they resume after an unplanned end.</summary>
public sealed class RunTests
{
    private const string Data = "synth:shapes?count=400&classes=4&size=28";

    /// <summary>Arguments of <see cref="TrainedRun"/>.</summary>
    internal static readonly string[] Small = ["train", "lenet-5", "--data", Data, "--epochs", "12", "--augment", "crop"];

    private static readonly string[] Tiny = [.. Small[..4], "--epochs", "1"];

    /// <summary>More epochs than a run makes before it is stopped, however long that takes.</summary>
    private static readonly string[] Endless = ["--epochs", "100000"];

    [Fact]
    public void Train_leaves_a_whole_run_folder()
    {
        string run = TrainedRun.Folder;
        using JsonDocument document = JsonDocument.Parse(TrainedRun.Output);
        Assert.Equal(Path.GetFileName(run), Path.GetFileName(document.RootElement.GetProperty("folder").GetString()));
        foreach (string name in (string[])["config.yaml", "environment.json", "log.txt", "metrics.jsonl", "model.safetensors", "report.html", "result.json"])
        {
            Assert.True(File.Exists(Path.Combine(run, name)), name);
        }

        JsonElement network = document.RootElement.GetProperty("result").GetProperty("networks")[0];
        double accuracy = network.GetProperty("test_accuracy").GetDouble();
        Assert.InRange(accuracy, 0.5, 1);
        Assert.Equal(12, File.ReadAllLines(Path.Combine(run, "metrics.jsonl")).Length);

        // The accuracy measured by eval on the file is the one reported by train.
        using JsonDocument eval = JsonDocument.Parse(Tool.RunProcess("eval", run, "--data", Data, "--json").Output);
        Assert.Equal(accuracy, eval.RootElement.GetProperty("accuracy").GetDouble());
    }

    [Fact]
    public void Report_is_one_file_that_needs_nothing_else()
    {
        using var folder = new TemporaryFolder();
        ToolResult result = Tool.RunProcess("report", TrainedRun.Folder, "--output", folder["again.html"]);
        Assert.Equal(0, result.ExitCode);
        string html = File.ReadAllText(result.Output.Trim());
        Assert.Equal(html, File.ReadAllText(Path.Combine(TrainedRun.Folder, "report.html")));
        Assert.Contains("Weights left in each layer", html, StringComparison.Ordinal);
        Assert.Contains("data:image/png;base64,", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotMatch("(src|href)=\"(?!data:|#)", html);
    }

    [Fact]
    public void Demo_makes_a_lean_network_and_compares()
    {
        using var folder = new TemporaryFolder();
        ToolResult result = Tool.RunProcess(
            "demo", "--data", "synth:shapes?count=600&classes=4", "--epochs", "2", "--stage-epochs", "1", "--max-accuracy-drop", "10", "--runs", folder.Path, "--json");
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement[] networks = [.. document.RootElement.GetProperty("result").GetProperty("networks").EnumerateArray()];
        Assert.Equal(["before", "after"], networks.Select(network => network.GetProperty("name").GetString()));
        Assert.True(Left(networks[1]) < Left(networks[0]));
    }

    [Fact]
    public void Prune_without_data_writes_a_network_with_fewer_weights()
    {
        using var folder = new TemporaryFolder();
        ToolResult result = Tool.Run("prune", TrainedRun.Folder, "--threshold", "1.5", "--runs", folder.Path, "--json");
        Assert.Equal(0, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement[] networks = [.. document.RootElement.GetProperty("result").GetProperty("networks").EnumerateArray()];
        Assert.True(Left(networks[1]) * 4 < Left(networks[0]));
        Assert.Equal(JsonValueKind.Null, networks[1].GetProperty("test_accuracy").ValueKind);

        Assert.Equal(2, Tool.Run("prune", TrainedRun.Folder, "--fail-below", "90", "--runs", folder.Path).ExitCode);

        // Further training with frozen zeros preserves every zero.
        string pruned = document.RootElement.GetProperty("folder").GetString()!;
        ToolResult tuned = Tool.Run("prune", pruned, "--threshold", "0", "--data", Data, "--epochs", "1", "--runs", folder.Path, "--json");
        using JsonDocument after = JsonDocument.Parse(tuned.Output);
        Assert.True(Left(after.RootElement.GetProperty("result").GetProperty("networks")[1]) <= Left(networks[1]));
    }

    /// <summary>The resumed run and one that was never stopped make two epochs more than the stopped one.</summary>
    [Theory]
    [InlineData("-TERM", 130)]       // handled like SIGINT, which background jobs of a shell ignore
    [InlineData("-KILL", 137)]
    public void Stopped_run_goes_on_to_the_same_bytes(string signal, int exitCode)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var folder = new TemporaryFolder();
        string stopped = Directory.CreateDirectory(folder["stopped"]).FullName, whole = folder["whole"];
        string[] train = [.. Small[..4], "--augment", "crop", "--schedule", "constant"];
        using (Process process = Tool.Start([], [.. train, .. Endless, "--runs", stopped, "--quiet"]))
        {
            SpinWait.SpinUntil(() => Directory.EnumerateDirectories(stopped, "step-*", SearchOption.AllDirectories).Any() || process.HasExited, TimeSpan.FromMinutes(2));
            using Process kill = Process.Start("kill", [signal, $"{process.Id}"]);
            kill.WaitForExit();
            Assert.Equal(exitCode, Tool.Finish(process).ExitCode);
        }

        string run = Directory.GetDirectories(stopped).Single();
        string[] epochs = ["--epochs", $"{File.ReadAllLines(Path.Combine(run, "metrics.jsonl")).Length + 2}"];
        ToolResult resumed = Tool.Run(["train", "--resume", "last", "--runs", stopped, .. epochs]),
            unstopped = Tool.Run([.. train, "--runs", whole, .. epochs]);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.True(unstopped.ExitCode == 0, unstopped.Error);
        Assert.Equal(Model(Directory.GetDirectories(whole).Single()), Model(run));
    }

    [Fact]
    public void Run_that_a_time_limit_stops_gives_130_and_says_how_to_go_on()
    {
        using var folder = new TemporaryFolder();
        ToolResult stopped = Tool.RunProcess([.. Small[..4], .. Endless, "--runs", folder.Path, "--max-time", "500ms"]);
        Assert.Equal(130, stopped.ExitCode);
        string run = Directory.GetDirectories(folder.Path).Single();
        Assert.Contains("--max-time 500ms was reached after step", stopped.Error, StringComparison.Ordinal);
        Assert.Contains($"temper train --resume {run}", stopped.Error, StringComparison.Ordinal);
        Assert.Contains("time-limit", File.ReadAllText(Path.Combine(run, "decisions.json")), StringComparison.Ordinal);

        // A resume reports where the run continues, and stops again at the run's own limit.
        ToolResult again = Tool.Run("train", "--resume", run);
        Assert.Equal(130, again.ExitCode);
        Assert.Contains("resuming after step ", again.Error, StringComparison.Ordinal);
        Assert.Contains("--max-time 500ms was reached after step", again.Error, StringComparison.Ordinal);
        AssertCode(2, [.. Tiny, "--max-time", "20"], "for 20 seconds: 20s");
    }

    [Fact]
    public void Missed_threshold_gives_4() =>
        AssertCode(4, [.. Tiny, "--fail-below", "100"], "below the threshold");

    [Fact]
    public void Diverged_training_gives_7() =>
        AssertCode(7, [.. Tiny, "--optimizer", "sgd", "--learning-rate", "1e30"], "training diverged");

    [Fact]
    public void Missing_data_gives_5() =>
        AssertCode(5, ["train", "lenet-5", "--data", "no/such/folder"], "synth:shapes");

    [Fact]
    public void Data_with_a_letter_missing_gives_2_and_a_suggestion() =>
        AssertCode(2, ["train", "lenet-5", "--data", "fashon-mnist"], "did you mean 'fashion-mnist'?");

    [Fact]
    public void Architecture_without_weights_cannot_be_measured() =>
        AssertCode(2, ["eval", "lenet-5"], "without trained weights");

    [Fact]
    public void Damaged_model_gives_3()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("broken.safetensors", "\u0010\0\0\0\0\0\0\0{\"weight\":");
        AssertCode(3, ["eval", file], "broken.safetensors");
        AssertCode(3, ["inspect", file], "broken.safetensors");
    }

    private static void AssertCode(int expected, string[] arguments, string message)
    {
        using var folder = new TemporaryFolder();
        string[] where = arguments[0] is "train" ? ["--runs", folder.Path] : [];
        ToolResult result = Tool.Run([.. arguments, .. where]);
        Assert.True(expected == result.ExitCode, $"{result.ExitCode}: {result.Error}");
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private static long Left(JsonElement network) => network.GetProperty("layers").EnumerateArray().Sum(layer => layer.GetProperty("left").GetInt64());

    private static byte[] Model(string run) => File.ReadAllBytes(Path.Combine(run, "model.safetensors"));
}
