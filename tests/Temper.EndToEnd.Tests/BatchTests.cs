using System.Text.Json;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.EndToEnd.Tests;

/// <summary>Handling of models that mix samples, or whose height and width are not fixed.</summary>
public sealed class BatchTests : IDisposable
{
    private const int BadInput = 3;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("eval", "--data", "synth:blobs?features=4&count=100")]
    [InlineData("train", "--data", "synth:blobs?features=4&count=100", "--epochs", "1")]
    [InlineData("convert", "TARGET")]
    [InlineData("serve", "--port", "0", "--no-timing")]
    [InlineData("bench", "--no-timing", "--seconds", "0.1")]
    public void Commands_that_need_samples_apart_refuse_a_model_that_mixes_them(string command, params string[] rest)
    {
        string model = Mixing("N");
        ToolResult result = Tool.Run([command, model, .. rest.Select(text => text is "TARGET" ? _folder["out.onnx"] : text)]);
        Assert.Equal(BadInput, result.ExitCode);
        Assert.Contains("node 'mean'", result.Error);
        Assert.Contains("temper predict", result.Error);
        Assert.False(File.Exists(_folder["out.onnx"]));
    }

    [Fact]
    public void Predict_runs_a_model_that_mixes_samples_on_all_of_them()
    {
        NpyFile.Save(_folder["x.npy"], Tensor.From<float>([1, 2, 3, 4, 3, 4, 5, 6, 8, 9, 10, 11], [3, 4]));
        Assert.Equal(0, Tool.Run("predict", Mixing("N"), "--input", _folder["x.npy"], "--output", _folder["out"]).ExitCode);
        Assert.Equal([-3f, -3, -3, -3, -1, -1, -1, -1, 4, 4, 4, 4], NpyFile.Load(_folder["out/y.npy"]).ToArray<float>());
        ToolResult refused = Tool.Run("predict", Mixing(2), "--input", _folder["x.npy"], "--output", _folder["out2"]);
        Assert.Equal(BadInput, refused.ExitCode);
        Assert.Contains("model.onnx", refused.Error);
        Assert.Contains("'mean'", refused.Error);
        Assert.Equal("whole", Json(Tool.Run("inspect", Mixing("N"), "--batch", "3", "--json")).GetProperty("samples").GetString());
    }

    [Fact]
    public void Eval_and_train_refuse_a_declared_batch_that_is_mixed()
    {
        foreach (string command in new[] { "eval", "train" })
        {
            ToolResult result = Tool.Run([command, Mixing(2), "--data", "synth:blobs?features=4&count=100"]);
            Assert.Equal(2, result.ExitCode);
            Assert.Contains("'mean'", result.Error);
        }
    }

    [Fact]
    public void Open_height_and_width_come_from_the_data_the_input_or_the_size()
    {
        string model = new OnnxModelBuilder().Input("x", "N", 1, "H", "W").Weight("w", Samples.Uniform(8 * 9, 3), 8, 1, 3, 3).Weight("f", Samples.Uniform(4 * 8, 4), 4, 8)
            .Node("Conv", "x,w", "c").Node("Relu", "c", "r").Node("GlobalAveragePool", "r", "g").Node("Flatten", "g", "flat").Node("Gemm", "flat,f", "y", ("transB", 1))
            .Output("y").Save(_folder["open.onnx"]);
        const string Data = "synth:shapes?count=100&classes=4&size=12";
        Assert.Equal(0, Tool.Run("eval", model, "--data", Data).ExitCode);
        Assert.Equal(0, Tool.Run("eval", model, "--data", Data, "--size", "20x16", "--resize", "linear").ExitCode);
        Assert.Equal(0, Tool.Run("train", model, "--data", Data, "--epochs", "1", "--runs", _folder["runs"]).ExitCode);
        NpyFile.Save(_folder["x.npy"], Tensor.From(Samples.Uniform(3 * 9 * 7, 5), [3, 1, 9, 7]));
        Assert.Equal(0, Tool.Run("predict", model, "--input", _folder["x.npy"], "--output", _folder["out"]).ExitCode);
        Assert.Equal(Shape.Create(3, 4), NpyFile.Load(_folder["out/y.npy"]).Shape);
        foreach (string[] command in (string[][])[["inspect", model], ["convert", model, _folder["out.onnx"]], ["bench", model, "--no-timing", "--seconds", "0.1"]])
        {
            ToolResult refused = Tool.Run(command);
            Assert.Equal(BadInput, refused.ExitCode);
            Assert.Contains("--size", refused.Error);
            Assert.Equal(0, Tool.Run([.. command, "--size", "9x7"]).ExitCode);
        }

        Assert.Equal(Shape.Create(1, 9, 7), OnnxFile.Load(_folder["out.onnx"]).Network.Inputs[0].SampleShape);
        Assert.Equal(2, Tool.Run("inspect", model, "--size", "9").ExitCode);
    }

    /// <summary>Writes a model that subtracts the mean over all samples from each sample.</summary>
    private string Mixing(object samples) => new OnnxModelBuilder(13).Input("x", samples, 4).Node("ReduceMean", "x", "mean", ("axes", new[] { 0 }))
        .Node("Sub", "x,mean", "y").Output("y").Save(_folder["model.onnx"]);

    private static JsonElement Json(ToolResult result) => JsonDocument.Parse(result.Output).RootElement;
}
