using System.Diagnostics;
using System.Text.Json;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.EndToEnd.Tests;

/// <summary><c>temper probe</c> and <c>temper harden</c> as scripts use them.</summary>
public sealed class HardenTests : IDisposable
{
    private const int Usage = 2, BadInput = 3, ThresholdNotMet = 4, Count = 60;

    private static readonly string[] Fields = ["accuracy", "median_distance", "classes", "inequality"];

    private readonly TemporaryFolder _folder = new();

    public HardenTests()
    {
        // Three classes by the largest of three sums: a linear network that also defines the labels of the data.
        float[] w = [4, 4, 0, 0, 0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0, 4, 4];
        Network network = Network.Build(InputSpec.Features(6, 0, 1), x => x.Linear(3, name: "fc")).Initialize(RandomStream.FromSeed(4));
        network = network.WithParameters([
            network.Parameters["fc.weight"] with { Value = Tensor.From(w, [3, 6]) }, network.Parameters["fc.bias"] with { Value = Tensor.From(new float[3], [3]) },
        ]);
        ModelFile.Save(network, _folder["model.safetensors"]);
        OnnxFile.Save(Network.Build(InputSpec.Features(6), x => x.Linear(3, name: "fc")).WithParameters(network.Parameters), _folder["model.onnx"]);
        float[] x = new float[Count * 6];
        RandomStream.FromSeed(2).FillUniform(x, 0, 1);
        long[] labels = network.Forward(Tensor.From(x, [Count, 6])).ArgMax(1).ToArray<long>();
        NpzFile.Save(_folder["data.npz"], [
            KeyValuePair.Create("x_train", Tensor.From(x, [Count, 6])), KeyValuePair.Create("y_train", Tensor.From(labels, [Count])),
            KeyValuePair.Create("x_test", Tensor.From(x, [Count, 6])), KeyValuePair.Create("y_test", Tensor.From(labels, [Count])),
        ]);
        x[7] = 1.5f;
        NpzFile.Save(_folder["outside.npz"], [KeyValuePair.Create("x_test", Tensor.From(x, [Count, 6])), KeyValuePair.Create("y_test", Tensor.From(labels, [Count]))]);
    }

    private static string[] Small =>
    [
        "--rounds", "2", "--round-epochs", "1", "--rays", "2", "--measure-samples", "20", "--batch", "16", "--max-accuracy-drop", "50",
    ];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Probe_prints_one_document_and_the_same_for_any_batch_and_threads()
    {
        string[] probe = ["probe", _folder["model.safetensors"], "--data", _folder["data.npz"], "--samples", "30", "--json"];
        ToolResult result = Tool.RunProcess([.. probe, "--output", _folder["out"]]), other = Tool.Run([.. probe, "--probe-batch", "3", "--threads", "1"]);
        Assert.True(result.ExitCode == 0, result.Error);
        JsonElement json = JsonDocument.Parse(result.Output).RootElement, again = JsonDocument.Parse(other.Output).RootElement;
        Assert.All(Fields, field => Assert.Equal(json.GetProperty(field).GetRawText(), again.GetProperty(field).GetRawText()));
        Assert.Equal(1, json.GetProperty("accuracy").GetDouble());
        Assert.Equal(3, json.GetProperty("classes").GetArrayLength());
        foreach (string family in new[] { "adversarial", "random", "nearest", "class-mean" })
        {
            Assert.True(json.GetProperty("median_distance").GetProperty(family).GetDouble() > 0);
        }

        Assert.False(json.GetProperty("median_distance").TryGetProperty("blur", out _));
        Assert.True(json.GetProperty("inequality").GetProperty("range").GetDouble() >= 0);
        Assert.Contains("Decision space:", File.ReadAllText(_folder["out/report.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Harden_writes_a_model_with_before_and_after()
    {
        ToolResult result = Tool.Run(["harden", _folder["model.safetensors"], "--data", _folder["data.npz"], "--output", _folder["hard"], "--runs", _folder["runs"], "--json",
             "--check", "quick", "--budgets", "linf:0.05,l2:0.2", "--min-gain", "0", .. Small]);
        Assert.True(result.ExitCode == 0, result.Error);
        JsonElement json = JsonDocument.Parse(result.Output).RootElement;
        foreach (string side in new[] { "before", "after" })
        {
            JsonElement measured = json.GetProperty(side);
            Assert.All(Fields, field => Assert.True(measured.TryGetProperty(field, out _), field));
            foreach (string budget in new[] { "linf-0.05", "l2-0.2" })
            {
                Assert.InRange(measured.GetProperty("robust_accuracy").GetProperty("autoattack").GetProperty(budget).GetDouble(), 0, 1);
            }
        }

        Assert.True(json.GetProperty("rounds").GetArrayLength() >= 2);
        Assert.Contains("What hardening changed", File.ReadAllText(_folder["hard/report.html"]), StringComparison.Ordinal);
        JsonElement eval = JsonDocument.Parse(Tool.Run("eval", _folder["hard"], "--data", _folder["data.npz"], "--json").Output).RootElement;
        Assert.Equal(json.GetProperty("after").GetProperty("accuracy").GetDouble(), eval.GetProperty("accuracy").GetDouble());
        Assert.Equal(Usage, Tool.Run(["harden", _folder["model.safetensors"], "--data", _folder["data.npz"], "--output", _folder["hard"], "--runs", _folder["runs"]]).ExitCode);
    }

    [Fact]
    public void A_network_that_ends_with_softmax_is_probed_and_hardened_by_its_logits_and_saved_with_it()
    {
        Network logits = ModelFile.Load(_folder["model.safetensors"]);
        ModelFile.Save(
            Network.Build(InputSpec.Features(6, 0, 1), x => x.Linear(3, name: "fc").Softmax()).WithParameters(logits.Parameters), _folder["softmax.safetensors"]);
        string[] probe = ["--data", _folder["data.npz"], "--samples", "30", "--json"];
        ToolResult expected = Tool.Run(["probe", _folder["model.safetensors"], .. probe]), found = Tool.Run(["probe", _folder["softmax.safetensors"], .. probe]);
        Assert.Contains("ends with Softmax; probe uses its logits", found.Error, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(expected.Output).RootElement, again = JsonDocument.Parse(found.Output).RootElement;
        Assert.All(Fields, field => Assert.Equal(json.GetProperty(field).GetRawText(), again.GetProperty(field).GetRawText()));
        string[] harden = ["--data", _folder["data.npz"], "--runs", _folder["runs"], "--check", "none", "--min-gain", "0", .. Small];
        ToolResult plain = Tool.Run(["harden", _folder["model.safetensors"], "--output", _folder["plain"], .. harden]),
            hard = Tool.Run(["harden", _folder["softmax.safetensors"], "--output", _folder["hard"], .. harden]);
        Assert.True(plain.ExitCode == 0 && hard.ExitCode == 0, plain.Error + hard.Error);
        Assert.Contains("ends with Softmax; harden uses its logits", hard.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("warning: the network ends with Softmax", hard.Error, StringComparison.Ordinal);
        Network saved = ModelFile.Load(_folder["hard"]);
        Assert.IsType<Softmax>(saved.Nodes[^1].Operator);
        float[] x = new float[8 * 6];
        RandomStream.FromSeed(9).FillUniform(x, 0, 1);
        Tensor inputs = Tensor.From(x, [8, 6]);
        float[] outputs = ModelFile.Load(_folder["plain"]).Forward(inputs).Softmax().ToArray<float>();
        Assert.All(outputs.Zip(saved.Forward(inputs).ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    /// <summary>The last run ends before any work: its method needs pictures.</summary>
    [Fact]
    public void A_network_that_ends_with_sigmoid_is_taken_as_it_is_with_a_warning()
    {
        ModelFile.Save(
            Network.Build(InputSpec.Features(6, 0, 1), x => x.Linear(3, name: "fc").Sigmoid()).WithParameters(ModelFile.Load(_folder["model.safetensors"]).Parameters),
            _folder["sigmoid.safetensors"]);
        string box = string.Concat(Enumerable.Range(0, 6).Select(i => $"(assert (>= X_{i} 0))(assert (<= X_{i} 1))"));
        File.WriteAllText(_folder["order.vnnlib"], $"{box}(assert (>= Y_1 Y_0))");
        File.WriteAllText(_folder["number.vnnlib"], $"{box}(assert (>= Y_1 0.5))");
        string model = _folder["sigmoid.safetensors"];
        string[] data = ["--data", _folder["data.npz"]];
        Assert.Contains("with Sigmoid, and probe takes", Tool.Run(["probe", model, .. data, "--samples", "9"]).Error, StringComparison.Ordinal);
        Assert.Contains("with Sigmoid, and attack takes", Tool.Run("attack", model, "--vnnlib", _folder["order.vnnlib"]).Error, StringComparison.Ordinal);
        Assert.Contains("ends with Sigmoid, and the property", Tool.Run("attack", model, "--vnnlib", _folder["number.vnnlib"]).Error, StringComparison.Ordinal);
        ToolResult hard = Tool.Run(["harden", model, .. data, "--method", "corruptions", "--runs", _folder["runs"]]);
        Assert.Equal(Usage, hard.ExitCode);
        Assert.Contains("with Sigmoid, and harden takes", hard.Error, StringComparison.Ordinal);
    }

    /// <summary>Its outputs are 0 or 1 nearly everywhere.</summary>
    [Fact]
    public void A_network_that_hides_its_gradients_is_told()
    {
        Network linear = ModelFile.Load(_folder["model.safetensors"]);
        ModelFile.Save(
            Network.Build(InputSpec.Features(6, 0, 1), x => x.Linear(3, name: "fc").Sigmoid()).WithParameters([
                linear.Parameters["fc.weight"] with { Value = linear.Parameters["fc.weight"].Value * 1000f },
                linear.Parameters["fc.bias"] with { Value = Tensor.From(new float[] { -4000, -4000, -4000 }, [3]) },
            ]),
            _folder["steps.safetensors"]);
        string[] probe = ["probe", _folder["steps.safetensors"], "--data", _folder["data.npz"], "--samples", "30", "--families", "adversarial"];
        ToolResult text = Tool.Run(probe), json = Tool.Run([.. probe, "--json"]);
        Assert.Contains("no gradient (zero or NaN) for ", text.Output, StringComparison.Ordinal);
        Assert.True(JsonDocument.Parse(json.Output).RootElement.GetProperty("without_gradient").GetProperty("adversarial").GetDouble() > 0);
    }

    [Fact]
    public void A_bound_that_is_not_met_gives_4_and_the_best_round_is_kept()
    {
        ToolResult result = Tool.Run(
            ["harden", _folder["model.safetensors"], "--data", _folder["data.npz"], "--output", _folder["hard"], "--runs", _folder["runs"], "--json",
             .. Small[..^2], "--min-gain", "0", "--max-accuracy-drop", "0", "--optimizer", "sgd", "--learning-rate", "5000", "--validation", "0.5", "--check", "none"]);
        Assert.Equal(ThresholdNotMet, result.ExitCode);
        JsonElement json = JsonDocument.Parse(result.Output).RootElement;
        Assert.False(json.GetProperty("within_bound").GetBoolean());
        Assert.True(json.GetProperty("best_round").GetInt32() >= 1);
        Assert.Contains("clean accuracy are lost on held-out samples (", result.Error, StringComparison.Ordinal);
        Assert.Equal("held_out", json.GetProperty("exceeded_on")[0].GetString());
        Assert.True(json.GetProperty("held_out_accuracy").GetProperty("after").GetDouble() < json.GetProperty("held_out_accuracy").GetProperty("before").GetDouble());
        Assert.Equal(0, Tool.Run("eval", _folder["hard"], "--data", _folder["data.npz"]).ExitCode);
    }

    [Theory]
    [InlineData("trades")]
    [InlineData("fair")]
    [InlineData("noise")]
    public void Other_defenses_run_on_the_same_door(string method)
    {
        string data = method is "noise" ? "synth:shapes?count=120&classes=3&size=12" : _folder["data.npz"], model = method is "noise" ? "lenet-300-100" : _folder["model.safetensors"];
        string[] own = method is "noise" ? ["--epochs", "1"] : ["--attack-epsilon", "0.05", "--attack-steps", "2"];
        ToolResult result = Tool.Run(
            ["harden", model, "--data", data, "--runs", _folder["runs"], "--method", method, .. own, .. Small, "--check", "none", "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        JsonElement json = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(method, json.GetProperty("method").GetString());
        Assert.True(json.GetProperty("after").GetProperty("median_distance").GetProperty("random").GetDouble() > 0);
    }

    [Fact]
    public void A_killed_run_goes_on_to_the_same_bytes()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string[] harden =
        [
            "harden", _folder["model.safetensors"], "--data", _folder["data.npz"], "--rounds", "2", "--round-epochs", "30", "--rays", "2", "--batch", "4",
            "--max-accuracy-drop", "50", "--min-gain", "0", "--check", "none",
        ];
        using (Process process = Tool.Start([], [.. harden, "--runs", _folder["killed"], "--quiet"]))
        {
            Directory.CreateDirectory(_folder["killed"]);
            SpinWait.SpinUntil(() => Directory.EnumerateDirectories(_folder["killed"], "step-*", SearchOption.AllDirectories).Any() || process.HasExited, TimeSpan.FromMinutes(2));
            process.Kill();
            Tool.Finish(process);
        }

        ToolResult resumed = Tool.Run("harden", "--resume", "last", "--runs", _folder["killed"]);
        ToolResult whole = Tool.Run([.. harden, "--runs", _folder["whole"]]);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.True(whole.ExitCode == 0, whole.Error);
        Assert.Equal(Model(_folder["whole"]), Model(_folder["killed"]));
    }

    [Fact]
    public void Bad_input_is_named()
    {
        string model = _folder["model.safetensors"], data = _folder["data.npz"];
        Refused(BadInput, "outside the bounds", "probe", model, "--data", _folder["outside.npz"]);
        Refused(Usage, "--data", "probe", model);
        Refused(Usage, "bounds", "probe", _folder["model.onnx"], "--data", data);
        Refused(Usage, "did you mean 'random'", "probe", model, "--data", data, "--families", "randon");
        Refused(BadInput, "needs pictures", "probe", model, "--data", data, "--families", "blur");
        Refused(Usage, "bounds", "harden", _folder["model.onnx"], "--data", data, "--runs", _folder["runs"]);
        Refused(Usage, "--budgets", "harden", model, "--data", data, "--budgets", "l7:1");
        Refused(Usage, "none of the families used for examples", "harden", model, "--data", data, "--families", "blur", "--runs", _folder["runs"]);
        Assert.Equal(0, Tool.Run("probe", _folder["model.onnx"], "--data", data, "--bounds", "0,1", "--samples", "5", "--families", "random").ExitCode);
    }

    private static void Refused(int code, string message, params string[] arguments)
    {
        ToolResult result = Tool.Run(arguments);
        Assert.True(result.ExitCode == code, $"{string.Join(' ', arguments)}: {result.ExitCode} {result.Error}");
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private static byte[] Model(string runs) => File.ReadAllBytes(Path.Combine(Directory.GetDirectories(runs).Single(), "model.safetensors"));
}
