using System.Text.Json;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Testing;
using Temper.Tensors;

namespace Temper.EndToEnd.Tests;

/// <summary>Runs <c>temper bench</c>; the magnitudes of the measured times are not checked.</summary>
public sealed class BenchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public BenchTests() => OnnxFile.Save(NetworkZoo.Create("lenet-5").Initialize(RandomStream.FromSeed(5)), _folder["a.onnx"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Model_is_timed_step_by_step_for_each_batch()
    {
        JsonElement rows = Bench("--batch", "1,3").GetProperty("rows");
        Assert.Equal([1, 3], rows.EnumerateArray().Select(row => row.GetProperty("batch").GetInt32()));
        Assert.All(rows.EnumerateArray(), row =>
        {
            JsonElement[] steps = [.. row.GetProperty("steps").EnumerateArray()];
            string?[] layers = [.. steps.Select(step => step.GetProperty("layer").GetString())];
            Assert.Equal(["conv1", "conv2"], layers.Where(layer => layer is "conv1" or "conv2"));
            Assert.All(steps, step => Assert.True(step.GetProperty("milliseconds").GetDouble() >= 0));
            Assert.True(row.GetProperty("milliseconds").GetDouble() > 0);
            Assert.Equal(row.GetProperty("onnxruntime_milliseconds").ValueKind == JsonValueKind.Null, row.GetProperty("not_compared").ValueKind != JsonValueKind.Null);
        });
    }

    [Fact]
    public void Kept_plan_gives_the_same_kernels_again_and_is_the_same_when_kept_again()
    {
        NpyFile.Save(_folder["x.npy"], Tensor.From(Samples.Uniform(2 * 28 * 28, 3), [2, 1, 28, 28]));
        string[] first = Kernels(Bench("--save-plan", _folder["plan.json"], "--input", _folder["x.npy"]));
        string[] second = Kernels(Bench("--plan", _folder["plan.json"], "--save-plan", _folder["again.json"]));
        Assert.Equal(first, second);
        Assert.Equal(File.ReadAllBytes(_folder["plan.json"]), File.ReadAllBytes(_folder["again.json"]));
    }

    [Fact]
    public void Estimates_choose_the_same_kernels_each_time() => Assert.Equal(Kernels(Bench("--no-timing")), Kernels(Bench("--no-timing")));

    [Fact]
    public void Table_says_why_there_is_no_comparison()
    {
        ToolResult result = Tool.RunWith(
            new Dictionary<string, string?> { ["TEMPER_ONNXRUNTIME"] = "/nothing/here" }, "bench", _folder["a.onnx"], "--seconds", "0.01", "--explain");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("libonnxruntime was not found", result.Error, StringComparison.Ordinal);
        Assert.Contains("weight bytes", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Plans_that_are_none_or_anothers_are_refused()
    {
        File.WriteAllText(_folder["no.json"], "{}");
        Assert.Equal(3, Tool.Run("bench", _folder["a.onnx"], "--plan", _folder["no.json"]).ExitCode);
        File.WriteAllText(_folder["other.json"], """{ "format": "temper-kernel-plan", "version": 1, "cpu": "abacus", "batches": {} }""");
        ToolResult other = Tool.Run("bench", _folder["a.onnx"], "--plan", _folder["other.json"]);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("abacus", other.Error, StringComparison.Ordinal);
        Assert.Equal(2, Tool.Run("bench", _folder["a.onnx"], "--batch", "0").ExitCode);
        Assert.Equal(2, Tool.Run("bench", "no-such-network").ExitCode);
    }

    private JsonElement Bench(params string[] more)
    {
        ToolResult result = Tool.Run(["bench", _folder["a.onnx"], "--seconds", "0.01", "--json", .. more]);
        Assert.True(result.ExitCode == 0, result.Error);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        return document.RootElement.Clone();
    }

    private static string[] Kernels(JsonElement report) =>
        [.. report.GetProperty("rows")[0].GetProperty("steps").EnumerateArray().Select(step => $"{step.GetProperty("layer")} {step.GetProperty("kernel")}")];
}
