using System.IO.Compression;
using System.Text.Json;

namespace Temper.EndToEnd.Tests;

/// <summary>
/// Collected data cases (<c>../shared/cases</c>): checks the expected result of each on the command line.
/// </summary>
public sealed class DataCaseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [OutsideDataTheory("../cases/data/ok.npz")]
    [InlineData("net.onnx", "ok.npz", 1.3574)]
    [InlineData("net.onnx", "nhwc.npz", 1.3564)]
    [InlineData("net.onnx", "y_onehot.npz", 1.3574)]
    [InlineData("net.onnx", "meta_obj.npz", 1.3574)]
    public void Arrays_give_the_loss_of_other_programs(string model, string data, double loss)
    {
        using JsonDocument eval = Eval(Case($"data/{model}"), Case($"data/{data}"));
        Assert.Equal(loss, eval.RootElement.GetProperty("loss").GetDouble(), 5e-5);
    }

    [OutsideDataFact("../cases/data/ok.npz")]
    public void Sets_with_too_little_in_them_are_reported_or_refused()
    {
        ToolResult empty = Tool.Run("eval", Case("data/net.onnx"), "--data", Case("data/emptytest.npz"));
        Assert.Equal(3, empty.ExitCode);
        Assert.Contains("there are no test samples", empty.Error, StringComparison.Ordinal);
        foreach (string set in (string[])["two_classes.npz", "emptytest.npz"])
        {
            ToolResult trained = Tool.Run("train", Case("data/net.onnx"), "--data", Case($"data/{set}"), "--epochs", "1", "--runs", _folder[set]);
            Assert.True(trained.ExitCode == 0, trained.Error);
            Assert.True(File.Exists(Path.Combine(Directory.GetDirectories(_folder[set]).Single(), "report.html")));
        }
    }

    [OutsideDataTheory("../cases/pictures/odd-pictures.zip", "../cases/pictures/odd-folders.zip")]
    [InlineData("odd-pictures", "mixed_gray_first", "id3.onnx", 3, 0)]
    [InlineData("odd-pictures", "size_second", "id3.onnx", 3, 0, "--resize", "linear")]
    [InlineData("odd-folders", "webp", "../data/net.onnx", 5, 1)]
    [InlineData("odd-folders", "interlaced", "../data/net.onnx", 6, 0)]
    [InlineData("odd-folders", "val", "../data/net.onnx", 6, 0)]
    public void Folders_are_read_and_what_is_not_is_named(string archive, string set, string model, int count, int unused, params string[] more)
    {
        ZipFile.ExtractToDirectory(Case($"pictures/{archive}.zip"), _folder.Path);
        using JsonDocument eval = Eval(Case($"pictures/{model}"), _folder[set], more);
        Assert.Equal((count, unused), (eval.RootElement.GetProperty("count").GetInt32(), eval.RootElement.GetProperty("unused").GetArrayLength()));
    }

    private static string Case(string name) => OutsideData.PathOf($"../cases/{name}");

    private static JsonDocument Eval(string model, string data, params string[] more)
    {
        ToolResult result = Tool.Run(["eval", model, "--data", data, "--json", .. more]);
        Assert.True(result.ExitCode == 0, result.Error);
        return JsonDocument.Parse(result.Output);
    }
}
