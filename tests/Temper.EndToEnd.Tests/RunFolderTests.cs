using System.Text.Json;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;

namespace Temper.EndToEnd.Tests;

/// <summary>Guarantees of runs about their data, settings, times and files.</summary>
public sealed class RunFolderTests : IDisposable
{
    private const string Data = "synth:shapes?count=120&classes=4&size=12";

    private static readonly string[] Small = ["train", "lenet-300-100", "--data", Data, "--epochs", "2", "--schedule", "constant", "--regularizer", "l1", "--strength", "1e-3"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Resume_takes_the_runs_own_settings_or_refuses()
    {
        string run = Train();
        using (JsonDocument first = Result(run))
        {
            // Epochs are numbered from 1 in both the record and the metrics.
            JsonElement phase = first.RootElement.GetProperty("phases")[0];
            Assert.Equal([1, 2], phase.GetProperty("epochs").EnumerateArray().Select(epoch => epoch.GetProperty("epoch").GetInt32()));
            Assert.InRange(phase.GetProperty("best_epoch").GetInt32(), 1, 2);
            Assert.Equal((108, 12, 20), Samples(first.RootElement));
        }

        AssertRefused(2, "batch (got '32', the run has '64')", "train", "--resume", run, "--batch", "32");
        AssertRefused(2, "model (got 'lenet-5', the run has 'lenet-300-100')", "train", "lenet-5", "--resume", run);
        AssertRefused(2, "seed (got '9'", "train", "--resume", run, "--seed", "9");
        AssertRefused(2, "gradient-format (got 'bfloat16', the run has 'float32')", "train", "--resume", run, "--gradient-format", "bfloat16");
        AssertRefused(2, "already completed", "train", "--resume", run, "--epochs", "1");

        // A repeated value is not a conflict. A resume may add epochs, and its seconds are added to those of the run.
        double before = Seconds(run);
        ToolResult more = Tool.Run("train", "--resume", run, "--epochs", "3", "--strength", "0.001");
        Assert.True(more.ExitCode == 0, more.Error);
        Assert.True(Seconds(run) > before, $"{Seconds(run)} after {before}");
        double[] seconds = [.. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("seconds").GetDouble())];
        Assert.Equal(3, seconds.Length);
        Assert.Equal(seconds.Order(), seconds);
        Assert.True(seconds[2] > seconds[1], $"{seconds[2]} after {seconds[1]}");
    }

    [Fact]
    public void Eval_of_a_run_is_on_its_own_data_or_refused()
    {
        string run = Train();
        using JsonDocument result = Result(run);
        ToolResult eval = Tool.Run("eval", run, "--json");
        Assert.True(eval.ExitCode == 0, eval.Error);
        using JsonDocument found = JsonDocument.Parse(eval.Output);
        Assert.Equal(Data, found.RootElement.GetProperty("data").GetString());
        Assert.Equal(result.RootElement.GetProperty("networks")[0].GetProperty("test_accuracy").GetDouble(), found.RootElement.GetProperty("accuracy").GetDouble());
        Assert.Equal(0, Tool.Run("eval", Path.Combine(run, "model.safetensors")).ExitCode);

        // A model outside a run folder has no default data. With different classes, the accuracy would be meaningless.
        File.Copy(Path.Combine(run, "model.safetensors"), _folder["alone.safetensors"]);
        AssertRefused(2, "--data is missing", "eval", _folder["alone.safetensors"]);
        Network renamed = ModelFile.Load(_folder["alone.safetensors"]).WithClassNames(["shirt", "shoe", "bag", "hat"]);
        ModelFile.Save(renamed, _folder["renamed.safetensors"]);
        AssertRefused(3, "differ from those of the network", "eval", _folder["renamed.safetensors"], "--data", Data);
        AssertRefused(3, "differ from those of the network", "train", _folder["renamed.safetensors"], "--data", Data, "--runs", _folder["other"]);
    }

    [Fact]
    public void Lean_runs_are_saved_sparse()
    {
        string run = Train();
        ToolResult result = Tool.Run("prune", run, "--threshold", "2", "--runs", _folder["pruned"], "--json");
        Assert.True(result.ExitCode == 0, result.Error);
        string pruned = Directory.GetDirectories(_folder["pruned"]).Single(), file = Path.Combine(pruned, "model.safetensors");
        Network lean = ModelFile.Load(file);
        ModelFile.Save(lean, _folder["dense.safetensors"]);
        Assert.True(new FileInfo(file).Length * 4 < new FileInfo(_folder["dense.safetensors"]).Length, $"{new FileInfo(file).Length} bytes");
        using JsonDocument record = Result(pruned);
        Assert.Equal(new FileInfo(file).Length, record.RootElement.GetProperty("networks")[1].GetProperty("bytes").GetInt64());
        Assert.Equal(
            record.RootElement.GetProperty("networks")[1].GetProperty("layers").EnumerateArray().Sum(layer => layer.GetProperty("left").GetInt64()),
            lean.Parameters.Where(parameter => parameter.Value.Rank > 1).Sum(parameter => parameter.Value.ToArray<float>().LongCount(value => value != 0)));
    }

    [Fact]
    public void Machine_is_not_asked_for_what_it_lacks()
    {
        OnnxFile.Save(NetworkZoo.Create("lenet-300-100").Initialize(RandomStream.FromSeed(5)), _folder["net.onnx"]);
        ToolResult many = Tool.Run("train", "lenet-300-100", "--data", Data, "--epochs", "1", "--runs", _folder["threads"], "--threads", "100000");
        Assert.True(many.ExitCode == 0, many.Error);
        Assert.Contains($"limited to {Environment.ProcessorCount}", many.Error, StringComparison.Ordinal);

        // 192.0.2.0/24 is reserved for documentation: no machine has such an address.
        AssertRefused(6, "cannot listen on 192.0.2.1", "serve", _folder["net.onnx"], "--host", "192.0.2.1", "--port", "0", "--no-timing");
        ToolResult slow = Tool.RunWith(
            new(StringComparer.Ordinal) { ["DOTNET_EnableHWIntrinsic"] = "0" }, "train", "lenet-300-100", "--data", "synth:shapes?count=20&classes=2&size=8", "--epochs", "1", "--runs", _folder["slow"]);
        Assert.True(slow.ExitCode == 0, slow.Error);
        Assert.Contains("no vector instructions are active", slow.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("no vector instructions", many.Error, StringComparison.Ordinal);
    }

    private static void AssertRefused(int code, string message, params string[] arguments)
    {
        ToolResult result = Tool.Run(arguments);
        Assert.True(result.ExitCode == code, $"{result.ExitCode}: {result.Error}");
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private static JsonDocument Result(string run) => JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "result.json")));

    private static double Seconds(string run)
    {
        using JsonDocument result = Result(run);
        return result.RootElement.GetProperty("seconds").GetDouble();
    }

    private static (int Train, int Validation, int Test) Samples(JsonElement result)
    {
        JsonElement samples = result.GetProperty("samples");
        return (samples.GetProperty("train").GetInt32(), samples.GetProperty("validation").GetInt32(), samples.GetProperty("test").GetInt32());
    }

    private string Train()
    {
        ToolResult result = Tool.Run([.. Small, "--runs", _folder["runs"]]);
        Assert.True(result.ExitCode == 0, result.Error);
        return Directory.GetDirectories(_folder["runs"]).Single();
    }
}
