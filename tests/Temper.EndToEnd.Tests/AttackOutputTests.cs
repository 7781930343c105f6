using System.Text.Json;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.EndToEnd.Tests;

/// <summary>
/// What <c>temper attack</c> writes, for a network whose class k has the sum of inputs 2k and 2k + 1 as its logit, so
/// that the result of an attack within a ball is known: the corner that moves to the target is the best point.
/// </summary>
public sealed class AttackOutputTests : IDisposable
{
    private const int Usage = 2, Count = 20, Size = 6, Classes = 3;

    private readonly TemporaryFolder _folder = new();
    private readonly float[] _x = Samples.Uniform(Count * Size, seed: 2, low: 0, high: 1);
    private readonly long[] _labels;

    public AttackOutputTests()
    {
        float[] w = new float[Classes * Size];
        for (int k = 0; k < Classes; k++)
        {
            w.AsSpan((k * Size) + (2 * k), 2).Fill(1);
        }

        Save("model.safetensors", Size, w, new float[Classes]);
        _labels = [.. Enumerable.Range(0, Count).Select(i => (long)Winner(Row(_x, i)))];
        Save("data.npz", _x, _labels);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_target_is_reached_where_the_best_corner_of_the_ball_has_its_class()
    {
        const int Aim = 1;
        const float Epsilon = 0.2f;

        // One misclassified sample, which counts as fooled only if it is classified as the target.
        long[] labels = [.. _labels];
        labels[Array.IndexOf(labels, 0L)] = 2;
        Save("flipped.npz", _x, labels);
        int[] rows = [.. Enumerable.Range(0, Count).Where(i => labels[i] != Aim)];
        JsonElement json = Json("--data", _folder["flipped.npz"], "--attack", "pgd", "--epsilon", "0.2", "--target", "1", "--no-checks", "--output", _folder["out"]);
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(_folder["out/adversarial.npz"]);
        Assert.Equal(rows.Select(i => (long)i), arrays["index"].ToArray<long>());
        Assert.Equal(rows.Select(i => labels[i]), arrays["label"].ToArray<long>());
        bool[] isSuccess = arrays["success"].ToArray<bool>();
        float[] adversarial = arrays["x_adv"].ToArray<float>();
        for (int row = 0; row < rows.Length; row++)
        {
            float[] clean = Row(_x, rows[row]), corner = [.. clean.Select((v, i) => Math.Clamp(v + (i / 2 == Aim ? Epsilon : -Epsilon), 0, 1))];
            double margin = Margin(corner, Aim);
            Assert.True(Math.Abs(margin) < 1e-3 || isSuccess[row] == margin > 0, $"sample {rows[row]}: margin {margin} at the best corner");
            Assert.Equal(isSuccess[row], Winner(Row(adversarial, row)) == Aim);
        }

        Assert.Contains(true, isSuccess);
        Assert.Contains(false, isSuccess);
        Assert.Equal((Aim, "1", Count - rows.Length, rows.Length), (
            json.GetProperty("target").GetInt32(), json.GetProperty("target_name").GetString(), json.GetProperty("left_out").GetInt32(), json.GetProperty("count").GetInt32()));
        Assert.Equal(isSuccess.Count(x => x) / (double)rows.Length, json.GetProperty("success").GetDouble(), 1e-9);
        Assert.Equal((rows.Length - 1) / (double)rows.Length, json.GetProperty("clean_accuracy").GetDouble(), 1e-9);
        Assert.Contains("classified as 1", File.ReadAllText(_folder["out/report.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_that_cannot_be_used_is_refused()
    {
        foreach ((string why, string[] options) in new (string, string[])[]
        {
            ("noise does not support a target class", ["--attack", "noise", "--epsilon", "0.1", "--target", "1"]),
            ("no such class", ["--attack", "pgd", "--epsilon", "0.1", "--target", "3"]),
            ("no sample to attack", ["--attack", "pgd", "--epsilon", "0.1", "--limit", "1", "--target", $"{_labels[0]}"]),
        })
        {
            ToolResult result = Tool.Run(["attack", _folder["model.safetensors"], "--data", _folder["data.npz"], .. options]);
            Assert.Equal((Usage, true), (result.ExitCode, result.Error.Contains(why, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Median_and_mean_are_in_the_norm_of_the_attack()
    {
        JsonElement json = Json("--data", _folder["data.npz"], "--attack", "fmn", "--norm", "l0", "--no-checks", "--output", _folder["out"]);
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(_folder["out/adversarial.npz"]);
        bool[] isSuccess = arrays["success"].ToArray<bool>();
        long[] sizes = arrays["l0"].ToArray<long>();
        double[] order = [.. sizes.Select((size, i) => isSuccess[i] ? size : double.PositiveInfinity).Order()];
        double median = (order[(Count / 2) - 1] + order[Count / 2]) / 2;
        JsonElement told = json.GetProperty("median");
        Assert.Equal(median, told.ValueKind == JsonValueKind.Null ? double.PositiveInfinity : told.GetDouble());
        Assert.Equal(sizes.Where((_, i) => isSuccess[i]).Average(), json.GetProperty("mean").GetDouble(), 1e-9);
    }

    [Fact]
    public void Table_shows_a_median_of_attacks_that_search_for_the_smallest_perturbation()
    {
        const string Median = "median smallest perturbation, L2";
        Assert.DoesNotContain("median", Table("--attack", "pgd", "--epsilon", "0.1", "--norm", "l2"), StringComparison.Ordinal);
        Assert.Contains(Median, Table("--attack", "ddn"), StringComparison.Ordinal);
        string none = Table("--attack", "ddn", "--epsilon", "1e-5");
        Assert.Contains(Median, none, StringComparison.Ordinal);
        Assert.Contains("none: at most half are fooled", none, StringComparison.Ordinal);
    }

    /// <summary>
    /// Class 1 wins where the mean of 100 inputs exceeds 0.5: noise hardly moves the mean, a gradient moves it by the
    /// whole radius.
    /// </summary>
    [Fact]
    public void A_verdict_on_noise_knows_what_PGD_finds()
    {
        const int Wide = 100, Wanted = 40, Near = 5;
        float[] w = new float[2 * Wide], x = new float[Wanted * Wide];
        w.AsSpan(0, Wide).Fill(-1);
        w.AsSpan(Wide).Fill(1);
        x.AsSpan(0, Near * Wide).Fill(0.48f);
        x.AsSpan(Near * Wide).Fill(0.4f);
        Save("mean.safetensors", Wide, w, [50, -50]);
        Save("near.npz", x, new long[Wanted]);
        Assert.Contains("weaker-than-usual", Verdict("noise"), StringComparison.Ordinal);
        Assert.DoesNotContain("weaker-than-usual", Verdict("pgd"), StringComparison.Ordinal);

        string Verdict(string attack) => JsonDocument.Parse(Tool.Run(
            "attack", _folder["mean.safetensors"], "--data", _folder["near.npz"], "--attack", attack, "--epsilon", "0.03", "--json").Output)
            .RootElement.GetProperty("verdict").GetString()!;
    }

    /// <summary>The file declares flattened samples [6, 1], the data and so the attacked samples are pictures [1, 2, 3].</summary>
    [Fact]
    public void Attacked_pictures_can_be_predicted_by_a_network_of_flattened_ones()
    {
        string model = new OnnxModelBuilder().Input("x", 1, Size, 1).Weight("w", Samples.Uniform(Classes * Size, 3), Classes, Size)
            .Node("Flatten", "x", "flat").Node("Gemm", "flat,w", "y", ("transB", 1)).Output("y").Save(_folder["flat.onnx"]);
        NpzFile.Save(_folder["pictures.npz"], [
            KeyValuePair.Create("x_test", Tensor.From(_x, [Count, 1, 2, 3])), KeyValuePair.Create("y_test", Tensor.From(_labels, [Count])),
        ]);
        ToolResult attack = Tool.Run("attack", model, "--data", _folder["pictures.npz"], "--bounds", "0,1", "--attack", "ddn", "--no-checks", "--output", _folder["out"]);
        Assert.Equal((0, ""), (attack.ExitCode, attack.ExitCode == 0 ? "" : attack.Error));
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(_folder["out/adversarial.npz"]);
        Assert.Equal([Count, 1, 2, 3], arrays["x_adv"].Shape);
        NpyFile.Save(_folder["x_adv.npy"], arrays["x_adv"]);
        ToolResult predict = Tool.Run("predict", model, "--input", _folder["x_adv.npy"], "--output", _folder["predicted"], "--engine", "graph");
        Assert.Equal((0, ""), (predict.ExitCode, predict.ExitCode == 0 ? "" : predict.Error));

        // The same numbers in the shape that the file declares give the same outputs.
        NpyFile.Save(_folder["flat.npy"], arrays["x_adv"].Reshape([Count, Size, 1]));
        Assert.Equal(0, Tool.Run("predict", model, "--input", _folder["flat.npy"], "--output", _folder["same"], "--engine", "graph").ExitCode);
        Assert.Equal(NpyFile.Load(_folder["same/y.npy"]).ToArray<float>(), NpyFile.Load(_folder["predicted/y.npy"]).ToArray<float>());

        // Another number of elements is refused as before.
        NpyFile.Save(_folder["wrong.npy"], Tensor.From(new float[10], [2, 5]));
        Assert.Equal(3, Tool.Run("predict", model, "--input", _folder["wrong.npy"], "--output", _folder["none"]).ExitCode);
    }

    private static float[] Row(float[] x, int i) => x[(i * Size)..((i + 1) * Size)];

    private static double[] Logits(float[] row) => [.. Enumerable.Range(0, Classes).Select(k => (double)row[2 * k] + row[(2 * k) + 1])];

    private static int Winner(float[] row) => Array.IndexOf(Logits(row), Logits(row).Max());

    /// <summary>By how much the logit of a class exceeds that of every other class.</summary>
    private static double Margin(float[] row, int k) => Logits(row)[k] - Logits(row).Where((_, i) => i != k).Max();

    private string Table(params string[] options)
    {
        ToolResult result = Tool.Run(["attack", _folder["model.safetensors"], "--data", _folder["data.npz"], "--no-checks", .. options]);
        Assert.Equal((0, ""), (result.ExitCode, result.ExitCode == 0 ? "" : result.Error));
        return result.Output;
    }

    private JsonElement Json(params string[] options)
    {
        ToolResult result = Tool.Run(["attack", _folder["model.safetensors"], "--json", .. options]);
        Assert.Equal((0, ""), (result.ExitCode, result.ExitCode == 0 ? "" : result.Error));
        return JsonDocument.Parse(result.Output).RootElement;
    }

    private void Save(string name, int inputs, float[] w, float[] b)
    {
        Network network = Network.Build(InputSpec.Features(inputs, 0, 1), x => x.Linear(b.Length, name: "fc")).Initialize(RandomStream.FromSeed(1));
        ModelFile.Save(network.WithParameters([
            network.Parameters["fc.weight"] with { Value = Tensor.From(w, [b.Length, inputs]) }, network.Parameters["fc.bias"] with { Value = Tensor.From(b, [b.Length]) },
        ]), _folder[name]);
    }

    private void Save(string name, float[] x, long[] labels) => NpzFile.Save(_folder[name], [
        KeyValuePair.Create("x_test", Tensor.From(x, [labels.Length, x.Length / labels.Length])), KeyValuePair.Create("y_test", Tensor.From(labels, [labels.Length])),
    ]);
}
