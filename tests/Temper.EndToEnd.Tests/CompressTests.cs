using System.Globalization;
using System.Text.Json;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.EndToEnd.Tests;

/// <summary><c>temper compress</c> as scripts use it: outputs, exit codes and refusals.</summary>
public sealed class CompressTests
{
    private const string Data = "synth:shapes?count=400&classes=4&size=28";

    private static readonly string[] Quick = ["--data", Data, "--regularize-epochs", "1", "--tune-epochs", "1", "--trials", "1"];

    /// <summary>Settings with which the only trial is taken, whatever it loses.</summary>
    private static readonly string[] AnyResult = ["--trials", "1", "--objective", "weights", "--allow-slower", "--max-accuracy-drop", "100"];

    [Fact]
    public void A_trained_network_comes_out_smaller_as_a_model_that_every_command_takes()
    {
        using var folder = new TemporaryFolder();
        string output = folder["small"];
        ToolResult result = Tool.RunProcess(
            ["compress", TrainedRun.Folder, .. Quick, "--structure", "channels", "--max-accuracy-drop", "30", "--validation", "test:0.5", "--output", output, "--runs", folder.Path, "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        (JsonElement before, JsonElement after) = (document.RootElement.GetProperty("before"), document.RootElement.GetProperty("after"));
        foreach (string field in (string[])["weights", "macs", "bytes"])
        {
            Assert.True(after.GetProperty(field).GetInt64() < before.GetProperty(field).GetInt64(), field);
        }

        foreach (JsonElement network in (JsonElement[])[before, after])
        {
            Assert.InRange(network.GetProperty("accuracy").GetDouble(), 0, 1);
            Assert.True(network.GetProperty("milliseconds").GetProperty("1").GetDouble() > 0);
            Assert.True(network.GetProperty("milliseconds").GetProperty("64").GetDouble() > 0);
        }

        // A resumed run also writes the output.
        string run = document.RootElement.GetProperty("folder").GetString()!;
        Assert.Contains($"output: {output}", File.ReadAllText(Path.Combine(run, "config.yaml")), StringComparison.Ordinal);
        using JsonDocument shown = JsonDocument.Parse(Tool.Run("inspect", output, "--json").Output);
        Assert.Equal(after.GetProperty("macs").GetInt64(), shown.RootElement.GetProperty("macs").GetInt64());
        Assert.Contains("Before and after", File.ReadAllText(document.RootElement.GetProperty("report").GetString()!), StringComparison.Ordinal);
        RequireMeasuredOnOtherSamples(run, document.RootElement.GetProperty("result").GetProperty("samples"), after.GetProperty("accuracy").GetDouble());
    }

    /// <summary>Half of the test samples chose the network; measuring the run later does not use them either.</summary>
    private static void RequireMeasuredOnOtherSamples(string run, JsonElement samples, double accuracy)
    {
        ToolResult measured = Tool.Run("eval", run, "--json");
        Assert.True(measured.ExitCode == 0, measured.Error);
        using JsonDocument document = JsonDocument.Parse(measured.Output);
        (int chose, int others) = (samples.GetProperty("validation").GetInt32(), samples.GetProperty("test").GetInt32());
        Assert.Equal(others, document.RootElement.GetProperty("count").GetInt32());
        Assert.Equal(accuracy, document.RootElement.GetProperty("accuracy").GetDouble(), 1e-12);
        Assert.Contains($"{chose} of {chose + others} test samples are left out", measured.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Winners_are_counted_saved_and_run_again()
    {
        using var folder = new TemporaryFolder();
        string output = folder["dynamic"];
        ToolResult result = Tool.Run(
        [
            "compress", TrainedRun.Folder, "--data", Data, "--tune-epochs", "1", "--trials", "1", "--structure", "none", "--activations", "joint", "--objective", "macs", "--max-accuracy-drop", "10", "--validation", "test:0.5",
            "--output", output, "--runs", folder.Path, "--json",
        ]);
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        (JsonElement before, JsonElement after) = (document.RootElement.GetProperty("before"), document.RootElement.GetProperty("after"));
        foreach (string field in (string[])["activations", "macs_zero_inputs_counted", "macs_zero_inputs_skipped"])
        {
            Assert.True(after.GetProperty(field).GetDouble() < before.GetProperty(field).GetDouble(), field);
        }

        Assert.True(after.GetProperty("macs_zero_inputs_skipped").GetDouble() <= after.GetProperty("macs_zero_inputs_counted").GetDouble());
        Assert.True(after.GetProperty("macs_zero_inputs_counted").GetDouble() <= after.GetProperty("macs").GetDouble());
        using JsonDocument again = JsonDocument.Parse(Tool.Run("eval", output, "--data", Data, "--json").Output);
        Assert.InRange(again.RootElement.GetProperty("accuracy").GetDouble(), 0, 1);
    }

    [Fact]
    public void Numbers_of_8_bit_come_out_and_go_through_ONNX()
    {
        using var folder = new TemporaryFolder();
        string output = folder["int8"];
        ToolResult result = Tool.Run(
        [
            "compress", TrainedRun.Folder, "--data", Data, "--structure", "none", "--quantize", "int8", "--quantize-epochs", "0", "--quantize-samples", "64", "--objective", "bytes",
            "--max-accuracy-drop", "5", "--validation", "test:0.5", "--output", output, "--runs", folder.Path, "--json",
        ]);
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement int8 = document.RootElement.GetProperty("int8");
        Assert.True(int8.GetProperty("taken").GetBoolean());
        Assert.True(int8.GetProperty("layers").GetInt32() > 1);
        Assert.InRange(int8.GetProperty("accuracy_calibrated").GetDouble(), 0, 1);
        Assert.True(document.RootElement.GetProperty("after").GetProperty("bytes").GetInt64() < 0.4 * document.RootElement.GetProperty("before").GetProperty("bytes").GetInt64());
        Assert.Contains("8 bit", File.ReadAllText(document.RootElement.GetProperty("report").GetString()!), StringComparison.Ordinal);

        ToolResult converted = Tool.Run("convert", output, folder["int8.onnx"]);
        Assert.True(converted.ExitCode == 0, converted.Error);
        Assert.True(Tool.Run("convert", folder["int8.onnx"], folder["again.safetensors"]).ExitCode == 0);

        ToolResult refused = Tool.Run("compress", TrainedRun.Folder, "--data", Data, "--quantize", "int4");
        Assert.True(refused.ExitCode == 2, refused.Error);
        Assert.Contains("int4", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_shows_what_gets_narrower_together()
    {
        using JsonDocument document = JsonDocument.Parse(Tool.Run("inspect", "resnet-20", "--channels", "--json").Output);
        JsonElement[] channels = [.. document.RootElement.GetProperty("channels").EnumerateArray()];
        Assert.Contains("conv1", channels[0].GetProperty("layers").EnumerateArray().Select(layer => layer.GetString()));
        Assert.Equal(["linear"], document.RootElement.GetProperty("fixed").EnumerateArray().Select(layer => layer.GetString()));
    }

    [Fact]
    public void A_bound_that_cannot_be_met_gives_4_and_keeps_the_best()
    {
        using var folder = new TemporaryFolder();
        ToolResult result = Tool.Run(
        [
            "compress", TrainedRun.Folder, "--data", Data, "--regularize-epochs", "0", "--tune-epochs", "0", "--trials", "1", "--structure", "element", "--first-kept", "0.001",
            "--max-accuracy-drop", "0", "--output", folder["best"], "--runs", folder.Path,
        ]);
        Assert.True(result.ExitCode == 4, result.Error);
        Assert.Contains("no smaller network loses at most 0 points", result.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(folder["best/model.safetensors"]));
    }

    /// <summary>
    /// A trained network without batch normalization gives the same class to all noise, so agreement would say nothing.
    /// </summary>
    [Fact]
    public void Without_data_a_network_that_answers_noise_alike_is_refused()
    {
        using var folder = new TemporaryFolder();
        string[] command = ["compress", TrainedRun.Folder, "--data", Data, "--data-free", "--runs", folder.Path];
        ToolResult result = Tool.Run(command);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("to all 64 inputs", result.Error, StringComparison.Ordinal);
        Assert.Equal(2, Tool.Run([.. command, "--calibrate", "8"]).ExitCode);
    }

    /// <summary>Nothing reads labels with <c>--calibrate</c>; without those of test samples, accuracy is not measured.</summary>
    [Fact]
    public void Samples_without_labels_are_enough_to_calibrate()
    {
        using var folder = new TemporaryFolder();
        Save(folder["model.safetensors"], x => [("y", x.Linear(3, name: "fc"))]);
        NpzFile.Save(folder["data.npz"], [KeyValuePair.Create("x_train", Samples(60)), KeyValuePair.Create("x_test", Samples(20))]);
        string[] command = ["compress", folder["model.safetensors"], "--data", folder["data.npz"], .. AnyResult, "--runs", folder["runs"], "--json"];
        ToolResult result = Tool.Run([.. command, "--calibrate", "8", "--sensitivity"]);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("the test samples have no labels", result.Error, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("before").GetProperty("accuracy").ValueKind);
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("after").GetProperty("accuracy").ValueKind);
        Assert.Single(document.RootElement.GetProperty("trials").EnumerateArray());
        ToolResult trained = Tool.Run(command), measured = Tool.Run([.. command, "--calibrate", "8", "--fail-below", "50"]);
        Assert.Equal((3, 2), (trained.ExitCode, measured.ExitCode));
        Assert.Contains("no 'y_train'", trained.Error, StringComparison.Ordinal);
    }

    /// <summary>A bound on what a network loses says nothing if it has nothing to lose.</summary>
    [Theory]
    [InlineData("--calibrate 8")]
    [InlineData("--data-free")]
    public void A_network_at_chance_level_is_refused_without_training_too(string mode)
    {
        using var folder = new TemporaryFolder();
        Save(folder["model.safetensors"], x => [("y", x.Linear(3, name: "fc"))]);
        Tensor wrong = Tensor.From([.. Answers(folder["model.safetensors"]).Select(answer => (answer + 1) % 3)], [20]);
        NpzFile.Save(folder["data.npz"], [
            KeyValuePair.Create("x_train", Samples(60)), KeyValuePair.Create("y_train", Tensor.From(new long[60], [60])),
            KeyValuePair.Create("x_test", Samples(20)), KeyValuePair.Create("y_test", wrong),
        ]);
        ToolResult result = Tool.Run(["compress", folder["model.safetensors"], "--data", folder["data.npz"], .. AnyResult, .. mode.Split(' '), "--runs", folder["runs"]]);
        Assert.True(result.ExitCode == 2, result.Error);
        Assert.Contains("the original network is at chance level (got 0.0 % of 20 test samples", result.Error, StringComparison.Ordinal);
        ToolResult measured = Tool.Run("eval", folder["model.safetensors"], "--data", folder["data.npz"]);
        Assert.Equal(0, measured.ExitCode);
        Assert.Contains("hint: the accuracy is no better than chance (1 of 3)", measured.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_data_no_training_samples_are_needed()
    {
        using var folder = new TemporaryFolder();
        Save(folder["model.safetensors"], x => [("y", x.Linear(3, name: "fc"))]);
        NpzFile.Save(
            folder["data.npz"],
            [KeyValuePair.Create("x_test", Samples(20)), KeyValuePair.Create("y_test", Tensor.From(Answers(folder["model.safetensors"]), [20]))]);
        ToolResult result = Tool.Run(
            ["compress", folder["model.safetensors"], "--data", folder["data.npz"], .. AnyResult, "--data-free", "--sensitivity", "--runs", folder["runs"], "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Contains("No samples were read", document.RootElement.GetProperty("remarks")[0].GetString(), StringComparison.Ordinal);
        string report = File.ReadAllText(document.RootElement.GetProperty("report").GetString()!);
        Assert.Contains("Sensitivity of the layers", report, StringComparison.Ordinal);
        Assert.Contains("agreement with the original when a fraction", report, StringComparison.Ordinal);
        Assert.InRange(document.RootElement.GetProperty("after").GetProperty("accuracy").GetDouble(), 0, 1);
    }

    [Theory]
    [InlineData("--structure element")]
    [InlineData("--calibrate 8")]
    [InlineData("--data-free")]
    public void A_network_that_is_no_classifier_is_refused_before_there_is_a_run_folder(string mode)
    {
        using var folder = new TemporaryFolder();
        Save(folder["model.safetensors"], x => [("a", x.Linear(3, name: "fc1")), ("b", x.Linear(2, name: "fc2"))]);
        NpzFile.Save(
            folder["data.npz"],
            [KeyValuePair.Create("x_train", Samples(60)), KeyValuePair.Create("y_train", Tensor.From([.. Enumerable.Range(0, 60).Select(i => (long)(i % 3))], [60]))]);
        ToolResult result = Tool.Run(["compress", folder["model.safetensors"], "--data", folder["data.npz"], "--runs", folder["runs"], .. mode.Split(' ')]);
        Assert.True(result.ExitCode == 2, result.Error);
        Assert.Contains("only classifiers with one input and one output [N, classes] can be compressed (got outputs a [N, 3], b [N, 2])", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["runs"]));
    }

    [Fact]
    public void Pruning_takes_a_target_and_leaves_layers_alone()
    {
        using var folder = new TemporaryFolder();
        ToolResult result = Tool.Run(
        [
            "prune", TrainedRun.Folder, "--rule", "sparsity", "--threshold", "0.6", "--ignore", "fc*",
            "--runs", folder.Path, "--json",
        ]);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(2, Tool.Run(["prune", TrainedRun.Folder, "--rule", "macs", "--runs", folder.Path]).ExitCode);

        // The table has what both networks cost.
        ToolResult shown = Tool.Run(["prune", TrainedRun.Folder, "--rule", "2:4", "--runs", folder.Path]);
        Assert.True(shown.ExitCode == 0, shown.Error);
        string macs = JsonDocument.Parse(Tool.Run("inspect", TrainedRun.Folder, "--json").Output).RootElement.GetProperty("macs").GetInt64().ToString("N0", CultureInfo.InvariantCulture);
        Assert.Matches("file, gzip │ +MACs │ ms \\(batch 1\\) │", shown.Output);
        Assert.Matches($"│ before .* │ +{macs} │ +[0-9]+\\.[0-9]{{4}} │", shown.Output);
    }

    [Theory]
    [InlineData("--distillation 1", "--mixup", "0.5")]
    [InlineData("contradicts --objective ms", "--allow-slower")]
    [InlineData("--calibrate and --data-free do not train", "--calibrate", "10", "--activations", "winners")]
    [InlineData("--calibrate and --data-free do not train", "--calibrate", "10", "--max-time", "1m")]
    [InlineData("--tune-epochs does not apply to --calibrate, which does not train", "--calibrate", "10", "--tune-epochs", "1")]
    [InlineData("--validation does not apply to --data-free, which does not train", "--data-free", "--validation", "test:0.5")]
    [InlineData("expected 200000 or more", "--calibrate", "100000")]
    [InlineData("--epochs applies only to the training of a built-in network", "--epochs", "3")]
    [InlineData("--schedule applies only to the training of a built-in network", "--schedule", "step")]
    public void Stages_that_do_not_go_together_are_refused(string part, params string[] settings)
    {
        using var folder = new TemporaryFolder();
        ToolResult result = Tool.Run(["compress", TrainedRun.Folder, "--data", Data, "--runs", folder.Path, .. settings]);
        Assert.True(result.ExitCode == 2, result.Error);
        Assert.Contains(part, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Output_that_is_a_file_or_the_network_itself_is_refused_before_the_work()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        foreach ((string output, int code, string reason) in new[]
        {
            (folder["file"], 6, "it is a file, expected a folder"), (TrainedRun.Folder, 2, "--output must be a folder other than"),
        })
        {
            ToolResult result = Tool.Run(["compress", TrainedRun.Folder, .. Quick, "--runs", folder["runs"], "--output", output]);
            Assert.True(result.ExitCode == code, result.Error);
            Assert.Contains(reason, result.Error, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(folder["runs"]));
    }

    [Theory]
    [InlineData("--method", "magic", 2)]
    [InlineData("--max-accuracy-drop", "-1", 2)]
    [InlineData("--structure", "holes", 2)]
    [InlineData("--validation", "test:2", 2)]
    [InlineData("--ignore", "no-such-layer", 2)]
    [InlineData("--activations", "losers", 2)]
    [InlineData("--winner-score", "min", 2)]
    public void What_cannot_be_is_refused_by_name(string setting, string value, int exitCode)
    {
        using var folder = new TemporaryFolder();
        ToolResult result = Tool.Run(["compress", TrainedRun.Folder, .. Quick, "--structure", "element", "--runs", folder.Path, setting, value]);
        Assert.True(result.ExitCode == exitCode, $"{result.ExitCode}: {result.Error}");
    }

    private static void Save(string path, Func<Value, IReadOnlyList<(string, Value)>> body) => ModelFile.Save(
        Network.Build([InputSpec.Features(6, 0, 1)], x => body(x[0])).Initialize(RandomStream.FromSeed(4)), path);

    /// <summary>The classes that a network gives to the first samples.</summary>
    private static long[] Answers(string path) => ModelFile.Load(path).Forward(Samples(20)).ArgMax(1).ToArray<long>();

    private static Tensor Samples(int count)
    {
        float[] values = new float[count * 6];
        RandomStream.FromSeed(2).FillUniform(values, 0, 1);
        return Tensor.From(values, [count, 6]);
    }

    [Fact]
    public void The_network_itself_is_refused_as_output_however_it_is_written()
    {
        using var folder = new TemporaryFolder();
        foreach ((string model, string output) in new[]
        {
            (TrainedRun.Folder, TrainedRun.Folder + Path.DirectorySeparatorChar),
            (Path.Combine(TrainedRun.Folder, "model.safetensors"), TrainedRun.Folder),
        })
        {
            ToolResult result = Tool.Run(["compress", model, .. Quick, "--runs", folder["runs"], "--output", output]);
            Assert.True(result.ExitCode == 2, result.Error);
            Assert.Contains("--output must be a folder other than", result.Error, StringComparison.Ordinal);
        }
    }
}
