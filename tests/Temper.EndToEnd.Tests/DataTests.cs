using System.Text.Json;
using Temper.Data.Images;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.EndToEnd.Tests;

/// <summary>
/// Data as found in practice: different axis orders, missing splits, files that are not samples. They are read
/// correctly, or refused with advice.
/// </summary>
public sealed class DataTests : IDisposable
{
    private const int Side = 8, Classes = 3;
    private readonly TemporaryFolder _folder = new();

    public DataTests() => OnnxFile.Save(Classifier(), _folder["net.onnx"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Channels_last_give_what_channels_first_give()
    {
        Tensor last = Pictures(20);
        Save("last.npz", ("test", last, Labels(20)));
        Save("first.npz", ("test", ChannelsFirst(last), Labels(20)));
        double expected = Loss("net.onnx", "first.npz");
        Assert.Equal(expected, Loss("net.onnx", "last.npz"));
        Assert.Equal(expected, Loss("net.onnx", "last.npz", "--layout", "nhwc"));

        // A network with channels-last inputs, on both layouts.
        OnnxFile.Save(Classifier(isLast: true), _folder["last.onnx"]);
        Assert.Equal(expected, Loss("last.onnx", "last.npz", "--layout", "nhwc"));
        Assert.Equal(expected, Loss("last.onnx", "first.npz", "--layout", "nhwc"));

        // A wrong axis order with the same number of values is always refused.
        AssertRefused(3, "add --layout nhwc", "eval", _folder["net.onnx"], "--data", _folder["last.npz"], "--layout", "nchw");
        OnnxFile.Save(Network.Build(InputSpec.Features(3 * Side * Side), x => x.Linear(Classes)).Initialize(RandomStream.FromSeed(1)), _folder["flat.onnx"]);
        AssertRefused(2, "is ambiguous", "eval", _folder["flat.onnx"], "--data", _folder["last.npz"]);
        Assert.Equal(Loss("flat.onnx", "first.npz"), Loss("flat.onnx", "last.npz", "--layout", "nhwc"));
        AssertRefused(2, "--layout nhwc takes the last axis", "train", "lenet-300-100", "--data", _folder["last.npz"], "--runs", _folder["runs"]);
    }

    [Fact]
    public void Every_file_is_counted_or_named_in_the_result()
    {
        int files = 0;
        foreach (string part in (string[])["train", "test"])
        {
            for (int i = 0; i < 12; i++, files++)
            {
                // Gray and color images of different sizes; every fourth file has an unsupported format.
                Picture picture = i % 2 == 0 ? new Picture(Side, Side, 1, new byte[Side * Side]) : new Picture(Side + i, Side, 3, new byte[3 * Side * (Side + i)]);
                string path = _folder[$"pictures/{part}/{"abc"[i % 3]}/{i}.{(i % 4 == 3 ? "webp" : "png")}"];
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, i % 4 == 3 ? [.. "RIFF    WEBPVP8L"u8] : PngEncoder.Encode(picture));
            }
        }

        AssertRefused(3, "--resize linear", "eval", _folder["net.onnx"], "--data", _folder["pictures"]);
        using JsonDocument eval = Json("eval", _folder["net.onnx"], "--data", _folder["pictures"], "--resize", "linear");
        int unused = Unused(eval.RootElement);
        Assert.Equal(6, unused);
        Assert.Equal(files / 2, eval.RootElement.GetProperty("count").GetInt32() + (unused / 2));

        using JsonDocument train = Json("train", _folder["net.onnx"], "--data", _folder["pictures"], "--resize", "linear", "--epochs", "1", "--runs", _folder["runs"]);
        JsonElement result = train.RootElement.GetProperty("result"), samples = result.GetProperty("samples");
        Assert.Equal(files, Unused(result) + ((string[])["train", "validation", "test"]).Sum(part => samples.GetProperty(part).GetInt32()));
        Assert.Contains(result.GetProperty("sections").EnumerateArray(), section => section.GetProperty("title").GetString() is "Unused data");
    }

    [Fact]
    public void Data_with_too_little_in_them_give_a_report_or_a_reason()
    {
        // Labels of two classes for three outputs, in a batch larger than the set.
        Tensor few = ChannelsFirst(Pictures(6));
        Save("two.npz", ("train", few, [0, 1, 0, 1, 0, 1]), ("test", few, [0, 1, 0, 1, 0, 1]));
        using (JsonDocument two = Train("two.npz", "--batch", "1000"))
        {
            string report = two.RootElement.GetProperty("report").GetString()!;
            Assert.Contains("Confusion on the test samples", File.ReadAllText(report), StringComparison.Ordinal);
        }

        Save("untested.npz", ("train", few, [0, 1, 2, 0, 1, 2]));
        using (JsonDocument untested = Train("untested.npz"))
        {
            Assert.Equal(JsonValueKind.Null, untested.RootElement.GetProperty("result").GetProperty("networks")[0].GetProperty("test_accuracy").ValueKind);
        }

        AssertRefused(3, "there are no test samples", "eval", _folder["net.onnx"], "--data", _folder["untested.npz"]);
        AssertRefused(2, "no test samples to measure", [.. Training("untested.npz"), "--fail-below", "50"]);
        Save("empty.npz", ("train", ChannelsFirst(Pictures(0)), []), ("test", few, [0, 1, 2, 0, 1, 2]));
        AssertRefused(3, "too few training samples (got 0", Training("empty.npz"));
        Save("far.npz", ("train", few, [0, 1, 2, 0, 1, 2]), ("test", few, [0, 1, 2, 0, 1, 3]));
        AssertRefused(3, "a test label is not a class of the network (got 3 at sample 5", Training("far.npz"));
        AssertRefused(3, "label is not a class of the network (got 3 at sample 5", "eval", _folder["net.onnx"], "--data", _folder["far.npz"]);
        Save("same.npz", ("train", few, [0, 0, 0, 0, 0, 0]));
        AssertRefused(3, "needs two classes or more", "train", "lenet-300-100", "--data", _folder["same.npz"], "--runs", _folder["runs"]);
        AssertRefused(2, "--freeze: applies to stored networks only", "train", "lenet-300-100", "--data", _folder["two.npz"], "--freeze", "fc1", "--runs", _folder["runs"]);

        // Images that are too small for the network: the error must not suggest the name that was given.
        ToolResult small = Tool.Run("train", "lenet-5", "--data", _folder["two.npz"], "--runs", _folder["runs"]);
        Assert.NotEqual(0, small.ExitCode);
        Assert.DoesNotContain("did you mean", small.Error, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetDirectories(_folder["runs"]).Length);  // a refused command leaves no run folder
    }

    /// <summary>The title of a narrow table shows the end of a long path, and counts one sample in the singular.</summary>
    [Fact]
    public void Title_keeps_the_name_of_the_model()
    {
        string folder = _folder[new string('d', 60)], model = Path.Combine(folder, "net.onnx");
        Directory.CreateDirectory(folder);
        File.Copy(_folder["net.onnx"], model);
        Save("one.npz", ("test", ChannelsFirst(Pictures(1)), [1]));
        ToolResult result = Tool.Run("eval", model, "--data", _folder["one.npz"]);
        Assert.True(result.ExitCode == 0, result.Error);
        string words = string.Join(' ', result.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("net.onnx on 1 test sample of ", words, StringComparison.Ordinal);
    }

    private static Network Classifier(bool isLast = false)
    {
        Network network = Network.Build(InputSpec.Image(3, Side, Side), x => x.Conv2d(4, kernel: 3, padding: 1).Relu().GlobalAvgPool2d().Flatten().Linear(Classes))
            .Initialize(RandomStream.FromSeed(1));
        return isLast ? network.Prepend(new InputSpec { SampleShape = [Side, Side, 3] }, x => x.Permute([0, 3, 1, 2])) : network;
    }

    /// <summary>Bytes <c>[N, H, W, C]</c>.</summary>
    private static Tensor Pictures(int count) => Tensor.From(
        [.. Samples.Labels(count * Side * Side * 3, 256, seed: 4).Select(value => (byte)value)], [count, Side, Side, 3]);

    private static Tensor ChannelsFirst(Tensor pictures) => pictures.To(DType.Float32).Permute([0, 3, 1, 2]).To(DType.UInt8);

    private static long[] Labels(int count) => Samples.Labels(count, Classes, seed: 2);

    private static JsonDocument Json(params string[] arguments)
    {
        ToolResult result = Tool.Run([.. arguments, "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        return JsonDocument.Parse(result.Output);
    }

    private static int Unused(JsonElement result)
    {
        JsonElement[] unused = [.. result.GetProperty("unused").EnumerateArray()];
        Assert.All(unused, one => Assert.EndsWith(".webp", one.GetProperty("name").GetString(), StringComparison.Ordinal));
        return unused.Sum(one => one.GetProperty("count").GetInt32());
    }

    private static void AssertRefused(int code, string message, params string[] arguments)
    {
        ToolResult result = Tool.Run(arguments);
        Assert.True(result.ExitCode == code, $"{result.ExitCode}: {result.Error}");
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private double Loss(string model, string data, params string[] more)
    {
        using JsonDocument eval = Json(["eval", _folder[model], "--data", _folder[data], .. more]);
        return eval.RootElement.GetProperty("loss").GetDouble();
    }

    private string[] Training(string data) => ["train", _folder["net.onnx"], "--data", _folder[data], "--epochs", "1", "--runs", _folder["runs"]];

    private JsonDocument Train(string data, params string[] more) => Json([.. Training(data), .. more]);

    private void Save(string name, params (string Part, Tensor X, long[] Y)[] parts) => NpzFile.Save(
        _folder[name],
        parts.SelectMany(part => (KeyValuePair<string, Tensor>[])[new($"x_{part.Part}", part.X), new($"y_{part.Part}", Tensor.From(part.Y, [part.Y.Length]))]));
}
