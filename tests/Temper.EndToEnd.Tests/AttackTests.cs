using System.Text.Json;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.EndToEnd.Tests;

/// <summary><c>temper attack</c> as scripts use it.</summary>
public sealed class AttackTests : IDisposable
{
    private const int Usage = 2, BadInput = 3, ThresholdNotMet = 4, Count = 20;

    private readonly TemporaryFolder _folder = new();
    private readonly Network _network = Network.Build(InputSpec.Features(6, 0, 1), x => x.Linear(8).Relu().Linear(3)).Initialize(RandomStream.FromSeed(4));

    public AttackTests()
    {
        ModelFile.Save(_network, _folder["model.safetensors"]);

        // As exported by other tools: the file does not specify bounds of the input.
        OnnxFile.Save(Network.Build(InputSpec.Features(6), x => x.Linear(8).Relu().Linear(3)).WithParameters(_network.Parameters), _folder["model.onnx"]);
        float[] x = new float[Count * 6];
        RandomStream.FromSeed(2).FillUniform(x, 0, 1);
        Save("data.npz", x, 0);
        Save("pictures.npz", x, 0, 1, 2, 3);
        x[7] = 1.5f;
        Save("outside.npz", x, 0);
        Save("labels.npz", x, 5);
        NpzFile.Save(_folder["empty.npz"], [KeyValuePair.Create("x_test", Tensor.From(Array.Empty<float>(), [0, 6])), KeyValuePair.Create("y_test", Tensor.From(Array.Empty<long>(), [0]))]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Adversarials_are_written_one_row_a_sample_with_a_report()
    {
        ToolResult result = Tool.RunProcess("attack", _folder["model.safetensors"], "--data", _folder["data.npz"], "--attack", "ddn", "--output", _folder["out"], "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.ExitCode == 0 ? "" : result.Error));
        JsonElement json = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal((Count, "ddn", "l2"), (json.GetProperty("count").GetInt32(), json.GetProperty("attack").GetString(), json.GetProperty("norm").GetString()));
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(_folder["out/adversarial.npz"]);
        foreach (string name in new[] { "x_adv", "success", "l2", "linf", "forwards", "backwards", "label", "prediction" })
        {
            Assert.Equal(Count, arrays[name].Shape[0]);
        }

        // The output file alone must confirm the reported results.
        float[] logits = _network.Forward(arrays["x_adv"]).ToArray<float>();
        long[] predicted = [.. Enumerable.Range(0, Count).Select(i => (long)Array.IndexOf(logits[(3 * i)..((3 * i) + 3)], logits[(3 * i)..((3 * i) + 3)].Max()))];
        Assert.Equal(predicted, arrays["prediction"].ToArray<long>());
        Assert.Equal(arrays["success"].ToArray<bool>(), predicted.Zip(arrays["label"].ToArray<long>(), (a, b) => a != b));
        Assert.True(File.Exists(_folder["out/report.html"]));
        Assert.False(Directory.Exists(_folder["out/parts"]));
        ToolResult again = Tool.Run("attack", _folder["model.safetensors"], "--data", _folder["data.npz"], "--attack", "ddn", "--output", _folder["other"], "--batch", "3", "--threads", "1");
        Assert.Equal(0, again.ExitCode);
        Assert.Equal(File.ReadAllBytes(_folder["out/adversarial.npz"]), File.ReadAllBytes(_folder["other/adversarial.npz"]));
    }

    [Fact]
    public void Only_what_lies_within_epsilon_is_a_success_everywhere()
    {
        string[] all = ["attack", _folder["model.safetensors"], "--data", _folder["data.npz"], "--attack", "ddn", "--no-checks", "--json"];
        JsonElement any = JsonDocument.Parse(Tool.Run([.. all]).Output).RootElement;
        string median = Math.Max(any.GetProperty("median_l2").GetDouble(), 1e-3).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        JsonElement within = JsonDocument.Parse(Tool.Run([.. all, "--epsilon", median, "--output", _folder["within"], "--tensorboard"]).Output).RootElement;
        double success = within.GetProperty("success").GetDouble();
        Assert.InRange(success, 0.4, any.GetProperty("success").GetDouble() - 0.2);
        Assert.Equal(1, success + within.GetProperty("robust_accuracy").GetDouble(), 1e-9);
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(_folder["within/adversarial.npz"]);
        bool[] isSuccess = arrays["success"].ToArray<bool>();
        Assert.Equal(success, isSuccess.Count(x => x) / (double)Count, 1e-9);
        Assert.Equal(isSuccess, arrays["outcome"].ToArray<long>().Select(outcome => outcome is 0 or 1));
        Assert.InRange(within.GetProperty("mean_l2").GetDouble(), 0, double.Parse(median, System.Globalization.CultureInfo.InvariantCulture));
        float[] clean = NpzFile.Load(_folder["data.npz"])["x_test"].ToArray<float>(), adversarial = arrays["x_adv"].ToArray<float>();
        Assert.All(Enumerable.Range(0, Count * 6).Where(i => !isSuccess[i / 6]), i => Assert.Equal(clean[i], adversarial[i]));
        string verified = within.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() is "verified").GetProperty("finding").GetString()!;
        Assert.StartsWith($"{isSuccess.Count(x => x)} of {isSuccess.Count(x => x)} adversarial examples", verified, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(_folder["within"], "events.out.tfevents.*"));
    }

    /// <summary>A second softmax would hide the gradients of sure answers.</summary>
    [Fact]
    public void A_network_that_ends_with_softmax_is_attacked_by_its_logits()
    {
        ModelFile.Save(
            Network.Build(InputSpec.Features(6, 0, 1), x => x.Linear(8).Relu().Linear(3).Softmax()).WithParameters(_network.Parameters), _folder["softmax.safetensors"]);
        string[] rest = ["--data", _folder["data.npz"], "--attack", "ddn", "--no-checks"];
        ToolResult expected = Tool.Run(["attack", _folder["model.safetensors"], .. rest, "--output", _folder["logits"]]),
            found = Tool.Run(["attack", _folder["softmax.safetensors"], .. rest, "--output", _folder["softmax"]]);
        Assert.Equal((0, 0), (expected.ExitCode, found.ExitCode));
        Assert.Contains("ends with Softmax; attack uses its logits", found.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Softmax", expected.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(_folder["logits/adversarial.npz"]), File.ReadAllBytes(_folder["softmax/adversarial.npz"]));
        string[] transfer = ["attack", _folder["model.safetensors"], "--data", _folder["data.npz"], "--attack", "mim", "--epsilon", "0.4", "--no-checks", "--surrogate"];
        ToolResult byLogits = Tool.Run([.. transfer, _folder["model.safetensors"], "--json"]), bySoftmax = Tool.Run([.. transfer, _folder["softmax.safetensors"], "--json"]);
        Assert.Contains("ends with Softmax; attack uses its logits", bySoftmax.Error, StringComparison.Ordinal);
        Assert.Equal(
            JsonDocument.Parse(byLogits.Output).RootElement.GetProperty("success").GetDouble(),
            JsonDocument.Parse(bySoftmax.Output).RootElement.GetProperty("success").GetDouble());
    }

    /// <summary>In the middle of the box, the probability of the second class is 0 in single precision, as is its gradient.</summary>
    [Fact]
    public void A_property_of_the_order_of_probabilities_is_searched_by_the_logits()
    {
        Network network = Network.Build(InputSpec.Features(2, 0, 1), x => x.Linear(2, name: "fc").Softmax());
        ModelFile.Save(
            network.WithParameters([
                network.Parameters["fc.weight"] with { Value = Tensor.From(new float[] { 400, 0, 0, 400 }, [2, 2]) },
                network.Parameters["fc.bias"] with { Value = Tensor.From(new float[] { 150, 0 }, [2]) },
            ]),
            _folder["sure.safetensors"]);
        string box = string.Concat(Enumerable.Range(0, 2).Select(i => $"(assert (>= X_{i} 0))(assert (<= X_{i} 1))"));
        File.WriteAllText(_folder["order.vnnlib"], $"{box}(assert (>= Y_1 Y_0))");
        File.WriteAllText(_folder["number.vnnlib"], $"{box}(assert (>= Y_1 0.5))");
        string[] rest = ["--budget", "20", "--json"];
        ToolResult order = Tool.Run(["attack", _folder["sure.safetensors"], "--vnnlib", _folder["order.vnnlib"], .. rest]),
            number = Tool.Run(["attack", _folder["sure.safetensors"], "--vnnlib", _folder["number.vnnlib"], .. rest]);
        Assert.Equal(ThresholdNotMet, order.ExitCode);
        Assert.Contains("ends with Softmax; attack uses its logits", order.Error, StringComparison.Ordinal);
        double[] outputs = [.. JsonDocument.Parse(order.Output).RootElement.GetProperty("outputs").EnumerateArray().Select(value => value.GetDouble())];
        Assert.Equal(1, outputs.Sum(), 1e-6);
        Assert.True(outputs[1] >= outputs[0]);
        Assert.Contains("compares probabilities with numbers", number.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_served_model_is_attacked_through_its_answers_alone()
    {
        using System.Diagnostics.Process server = Tool.Start([], "serve", _folder["model.safetensors"], "--port", "0", "--no-timing");
        string address = (await server.StandardOutput.ReadLineAsync())!["serving ".Length..];
        try
        {
            string[] all = ["attack", address, "--data", _folder["data.npz"], "--steps", "300", "--json"];
            ToolResult scores = Tool.Run([.. all, "--bounds", "0,1", "--epsilon", "0.4"]);
            Assert.Equal((0, ""), (scores.ExitCode, scores.ExitCode == 0 ? "" : scores.Error));
            JsonElement json = JsonDocument.Parse(scores.Output).RootElement;
            Assert.Equal(("square", 0), (json.GetProperty("attack").GetString(), json.GetProperty("backwards").GetInt32()));
            Assert.True(json.GetProperty("success").GetDouble() > 1 - json.GetProperty("clean_accuracy").GetDouble());
            JsonElement decisions = JsonDocument.Parse(Tool.Run([.. all, "--bounds", "0,1", "--access", "decisions", "--no-checks"]).Output).RootElement;
            Assert.Equal("hop-skip-jump", decisions.GetProperty("attack").GetString());
            JsonElement transfer = JsonDocument.Parse(Tool.Run([.. all, "--bounds", "0,1", "--no-checks", "--attack", "mim", "--epsilon", "0.4", "--surrogate", _folder["model.safetensors"]]).Output).RootElement;
            Assert.True(transfer.GetProperty("success").GetDouble() >= json.GetProperty("success").GetDouble() - 0.1);
            Refused(Usage, "--bounds", [.. all]);
            Refused(BadInput, "a test label is not a class", "attack", address, "--data", _folder["labels.npz"], "--bounds", "0,1", "--steps", "10");
            Refused(Usage, "expected gradients", [.. all, "--bounds", "0,1", "--attack", "ddn"]);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }

        Refused(6, "no reply", "attack", address, "--data", _folder["data.npz"], "--bounds", "0,1");
    }

    [Fact]
    public void A_threshold_is_a_gate_and_bad_input_is_named()
    {
        string model = _folder["model.safetensors"], data = _folder["data.npz"];
        Assert.Equal(ThresholdNotMet, Tool.Run("attack", model, "--data", data, "--attack", "pgd", "--epsilon", "0.9", "--fail-below", "0.99", "--no-checks").ExitCode);
        Refused(Usage, "--bounds 0,1", "attack", _folder["model.onnx"], "--data", data, "--attack", "ddn");

        // Images are reshaped for a network of rows; that does not provide bounds of their values either.
        Refused(Usage, "bounds", "attack", _folder["model.onnx"], "--data", _folder["pictures.npz"], "--attack", "ddn");
        Assert.Equal(0, Tool.Run("attack", _folder["model.onnx"], "--data", data, "--attack", "ddn", "--bounds", "0,1", "--no-checks", "--limit", "5").ExitCode);
        ToolResult decisions = Tool.Run("attack", model, "--data", data, "--access", "decisions", "--steps", "200", "--limit", "5", "--json");
        Assert.Equal("hop-skip-jump", JsonDocument.Parse(decisions.Output).RootElement.GetProperty("attack").GetString());
        Assert.All((string[])["scores-beat-gradients", "probabilities", "rounded-input"], check => Assert.Contains(check, decisions.Output));
        Refused(BadInput, "outside the bounds", "attack", model, "--data", _folder["outside.npz"], "--attack", "ddn");
        Refused(Usage, "epsilon", "attack", model, "--data", data, "--attack", "pgd");
        Refused(Usage, "0 to 1", "attack", _folder["model.onnx"], "--data", data, "--bounds", "0,255", "--threat", "mnist-linf-0.1");
        Refused(Usage, "--attack", "attack", model, "--data", data, "--attack", "magic");
        Refused(Usage, "--data", "attack", model);
        Refused(BadInput, "no test samples", "attack", model, "--data", _folder["empty.npz"], "--attack", "ddn");
        Refused(Usage, "--norm: fgsm does not support l0", "attack", model, "--data", data, "--attack", "fgsm", "--epsilon", "0.1", "--norm", "l0");
        Assert.NotEqual(0, Tool.Run("attack", model, "--data", _folder["labels.npz"], "--attack", "ddn").ExitCode);
    }

    [Fact]
    public void A_property_ends_with_4_where_a_counterexample_is_found()
    {
        string box = string.Concat(Enumerable.Range(0, 6).Select(i => $"(assert (>= X_{i} 0.2))(assert (<= X_{i} 0.8))"));
        File.WriteAllText(_folder["easy.vnnlib"], $"{box}(assert (or (and (>= Y_0 -100)) (and (>= Y_1 Y_2))))");
        File.WriteAllText(_folder["none.vnnlib"], $"{box}(assert (>= Y_0 100))");
        ToolResult found = Tool.Run("attack", _folder["model.onnx"], "--vnnlib", _folder["easy.vnnlib"], "--output", _folder["out"], "--json");
        Assert.Equal(ThresholdNotMet, found.ExitCode);
        Assert.All(NpyFile.Load(_folder["out/counterexample.npy"]).ToArray<float>(), value => Assert.InRange(value, 0.2f, 0.8f));
        ToolResult none = Tool.Run("attack", _folder["model.onnx"], "--vnnlib", _folder["none.vnnlib"], "--budget", "200", "--json");
        Assert.Equal(0, none.ExitCode);
        Assert.Equal(200, JsonDocument.Parse(none.Output).RootElement.GetProperty("gradients").GetInt32());
        File.WriteAllText(_folder["bad.vnnlib"], "(assert");
        Refused(BadInput, "vnnlib", "attack", _folder["model.onnx"], "--vnnlib", _folder["bad.vnnlib"]);
    }

    private static void Refused(int code, string word, params string[] arguments)
    {
        ToolResult result = Tool.Run(arguments);
        Assert.Equal((code, true), (result.ExitCode, result.Error.Contains(word, StringComparison.Ordinal)));
    }

    private void Save(string name, float[] x, long shift, params int[] sample) => NpzFile.Save(_folder[name], [
        KeyValuePair.Create("x_test", Tensor.From(x, sample.Length == 0 ? [Count, 6] : [Count, .. sample])),
        KeyValuePair.Create("y_test", Tensor.From(Enumerable.Range(0, Count).Select(i => (i % 3) + shift).ToArray(), [Count])),
    ]);
}
