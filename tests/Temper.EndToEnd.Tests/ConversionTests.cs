using System.Text.Json;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.EndToEnd.Tests;

/// <summary>Conversion of networks from and to other formats.</summary>
public sealed class ConversionTests : IDisposable
{
    private const string Data = "synth:shapes?count=200&classes=4&size=28";

    private readonly TemporaryFolder _folder = new();
    private readonly Network _network = NetworkZoo.Create("lenet-5", new ZooOptions { Classes = 4 }).Initialize(RandomStream.FromSeed(5));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Convert_keeps_what_the_network_gives_through_every_format()
    {
        OnnxFile.Save(_network, _folder["a.onnx"]);
        string[] chain = [_folder["a.onnx"], _folder["b.safetensors"], _folder["c"], _folder["d.onnx"]];
        foreach ((string source, string target) in chain.Zip(chain.Skip(1)))
        {
            using JsonDocument document = Json(Tool.Run("convert", source, target, "--json"));
            Assert.True(document.RootElement.GetProperty("same").GetBoolean());
        }

        double[] accuracies = [.. chain.Select(model => Json(Tool.Run("eval", model, "--data", Data, "--json")).RootElement.GetProperty("loss").GetDouble())];
        Assert.All(accuracies, accuracy => Assert.Equal(accuracies[0], accuracy, 1e-5));
        Assert.Equal(2, Tool.Run("convert", chain[0], chain[1]).ExitCode);
        Assert.Equal(0, Tool.RunProcess("convert", chain[0], chain[1], "--force").ExitCode);
    }

    [Fact]
    public void Preprocessing_becomes_part_of_the_converted_network()
    {
        OnnxFile.Save(_network, _folder["a.onnx"]);
        Assert.Equal(0, Tool.Run("convert", _folder["a.onnx"], _folder["b.onnx"], "--scale", "255", "--normalize", "10/50", "--classes", "a,b,c,d").ExitCode);
        Network prepared = OnnxFile.Load(_folder["b.onnx"]).Network;
        Assert.Equal(["a", "b", "c", "d"], prepared.ClassNames);
        Tensor x = Tensor.From(Samples.Uniform(28 * 28, 3), [1, 1, 28, 28]);
        float[] expected = _network.Forward(((x * 255f) - 10f) / 50f).ToArray<float>();
        Assert.All(expected.Zip(prepared.Forward(x).ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void Pictures_of_another_size_are_resized_when_asked()
    {
        OnnxFile.Save(_network, _folder["a.onnx"]);
        string[] eval = ["eval", _folder["a.onnx"], "--data", "synth:shapes?count=200&classes=4&size=20"];
        Assert.NotEqual(0, Tool.Run(eval).ExitCode);
        Assert.Equal(0, Tool.Run([.. eval, "--resize", "linear"]).ExitCode);
        Assert.Equal(0, Tool.Run("convert", _folder["a.onnx"], _folder["b.onnx"], "--bounds", "0,255").ExitCode);
        Assert.Equal(255, OnnxFile.Load(_folder["b.onnx"]).Network.Inputs[0].Maximum);
    }

    [Fact]
    public void State_dict_without_architecture_gives_2_and_the_names_that_fit()
    {
        var tensors = new SafetensorsFile([.. _network.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))]);
        tensors.Save(_folder["weights.safetensors"]);
        ToolResult result = Tool.Run("eval", _folder["weights.safetensors"], "--data", Data);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("fitting: lenet-5)", result.Error, StringComparison.Ordinal);
        Assert.Equal(0, Tool.Run("eval", _folder["weights.safetensors"], "--arch", "lenet-5", "--data", Data).ExitCode);
        Assert.Equal(3, Tool.Run("eval", _folder["weights.safetensors"], "--arch", "resnet-20", "--data", Data).ExitCode);
        using JsonDocument table = Json(Tool.Run("inspect", _folder["weights.safetensors"], "--json"));
        Assert.Equal(_network.Parameters.Count, table.RootElement.GetProperty("tensors").GetArrayLength());
    }

    [Fact]
    public void Loaded_network_is_trained_on_with_a_new_head_and_frozen_layers()
    {
        OnnxFile.Save(_network, _folder["a.onnx"]);
        string[] train = ["train", _folder["a.onnx"], "--data", "synth:shapes?count=200&classes=3&size=28", "--epochs", "1", "--runs", _folder["runs"], "--replace-head"];
        Assert.Equal(2, Tool.Run([.. train, "--freeze", "none.such"]).ExitCode);
        using JsonDocument document = Json(Tool.Run([.. train, "--freeze", "conv1", "conv2", "--json"]));
        Network trained = Temper.Formats.Models.ModelFile.Load(Path.Combine(document.RootElement.GetProperty("folder").GetString()!, "model.safetensors"));
        Assert.Equal(_network.Parameters["conv1.weight"].Value.ToArray<float>(), trained.Parameters["conv1.weight"].Value.ToArray<float>());
        Assert.NotEqual(_network.Parameters["fc1.weight"].Value.ToArray<float>(), trained.Parameters["fc1.weight"].Value.ToArray<float>());
        Assert.Equal(3, trained.Parameters[trained.Parameters.Count - 1].Value.Count);
        Assert.Equal(3, trained.ClassNames.Count);
    }

    [Fact]
    public void Inspect_shows_an_onnx_file()
    {
        OnnxFile.Save(_network, _folder["a.onnx"]);
        using JsonDocument document = Json(Tool.Run("inspect", _folder["a.onnx"], "--json"));
        Assert.Equal(17, document.RootElement.GetProperty("opset").GetInt32());
        Assert.Equal(_network.Parameters.ElementCount, document.RootElement.GetProperty("parameters").GetInt64());
    }

    [Fact]
    public void Predict_writes_each_output_for_any_number_of_samples()
    {
        OnnxFile.Save(_network, _folder["a.onnx"]);
        Tensor x = Tensor.From(Samples.Uniform(3 * 28 * 28, 3), [3, 1, 28, 28]);
        NpyFile.Save(_folder["x.npy"], x);
        Assert.Equal(0, Tool.RunProcess("predict", _folder["a.onnx"], "--input", $"input={_folder["x.npy"]}", "--output", _folder["out"], "--engine", "graph").ExitCode);
        Assert.Equal(_network.Forward(x).ToArray<float>(), NpyFile.Load(Path.Combine(_folder["out"], "output.npy")).ToArray<float>());
        Assert.Equal(2, Tool.Run("predict", _folder["a.onnx"], "--input", _folder["x.npy"], "--output", _folder["out"]).ExitCode);
        Assert.Equal(2, Tool.Run("predict", _folder["a.onnx"], "--input", $"other={_folder["x.npy"]}", "--output", _folder["out2"]).ExitCode);
        Assert.Equal(6, Tool.Run("predict", _folder["a.onnx"], "--input", _folder["none.npy"], "--output", _folder["out2"]).ExitCode);
    }

    /// <summary>The network is preceded by a normalization whose constants are operands.</summary>
    [Fact]
    public void Predict_gives_the_same_compiled_and_as_a_graph_and_bench_runs_it()
    {
        OnnxFile.Save(_network, _folder["a.onnx"]);
        Assert.Equal(0, Tool.Run("convert", _folder["a.onnx"], _folder["b.onnx"], "--scale", "2", "--normalize", "0.5/0.25").ExitCode);
        NpyFile.Save(_folder["x.npy"], Tensor.From(Samples.Uniform(3 * 28 * 28, 3), [3, 1, 28, 28]));
        float[] Predicted(string folder, string engine)
        {
            Assert.Equal(0, Tool.Run("predict", _folder["b.onnx"], "--input", _folder["x.npy"], "--output", _folder[folder], "--engine", engine).ExitCode);
            return NpyFile.Load(Path.Combine(_folder[folder], "output.npy")).ToArray<float>();
        }

        float[] graph = Predicted("graph", "graph"), compiled = Predicted("compiled", "compiled");
        Assert.Equal(compiled, Predicted("again", "compiled"));
        Assert.All(graph.Zip(compiled), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * graph.Max(MathF.Abs)));
        Assert.Equal(0, Tool.Run("bench", _folder["b.onnx"], "--batch", "1,3", "--seconds", "0.01").ExitCode);
        Assert.Equal(2, Tool.Run("predict", _folder["b.onnx"], "--input", _folder["x.npy"], "--output", _folder["out"], "--engine", "steam").ExitCode);
    }

    [Fact]
    public void File_that_is_no_model_gives_3_with_its_name()
    {
        ToolResult result = Tool.Run("inspect", _folder.Write("a.onnx", "no model"));
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("a.onnx", result.Error, StringComparison.Ordinal);
    }

    [OutsideDataFact("onnx-node-tests/onnx-node-tests.zip")]
    public void Verify_tells_agreement_from_difference_and_refusal()
    {
        System.IO.Compression.ZipFile.ExtractToDirectory(OutsideData.PathOf("onnx-node-tests/onnx-node-tests.zip"), _folder["tests"]);
        string Model(string name) => Path.Combine(_folder["tests"], name, "model.onnx");
        Assert.Equal(0, Tool.RunProcess("verify", Model("test_gemm_all_attributes")).ExitCode);
        Assert.Equal(3, Tool.Run("verify", Model("test_split_to_sequence_1")).ExitCode);
        ToolResult other = Tool.Run("verify", Model("test_relu"), "--test-data", Path.Combine(_folder["tests"], "test_tanh"), "--json");
        Assert.Equal(4, other.ExitCode);
        Assert.False(Json(other).RootElement.GetProperty("agrees").GetBoolean());
    }

    private static JsonDocument Json(ToolResult result) => JsonDocument.Parse(result.Output);
}
