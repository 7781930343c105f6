using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Cli.Tests.Commands;

/// <summary>Arrays with values that the network cannot take are bad input, not a wrong command line.</summary>
public sealed class PredictCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Outputs_of_similar_names_have_files_of_their_own_and_paths_may_contain_an_equals_sign()
    {
        string model = _folder["net.safetensors"], input = _folder["lr=0.1/x.npy"];
        Network network = Network.Build([InputSpec.Features(2, name: "x")], x => [("a/b", x[0].Linear(3)), ("a_b", x[0].Linear(4))]);
        ModelFile.Save(network.Initialize(RandomStream.FromSeed(1)), model);
        Directory.CreateDirectory(_folder["lr=0.1"]);
        NpyFile.Save(input, Tensor.From<float>([1, 2], [1, 2]));
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = model, ["input"] = input, ["output"] = _folder["out"], ["quiet"] = "true" };
        CommandContext context = Settings.Context(new PredictCommand(), flags, TimeProvider.System);
        Assert.Equal(ExitCode.Success, new PredictCommand().Run(context));
        Assert.Equal([3, 4], Directory.GetFiles(_folder["out"]).Select(file => NpyFile.Load(file).Shape[1]).Order());
        Assert.Contains("already exists", Assert.Throws<ToolException>(() => new PredictCommand().Run(context)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("graph")]
    [InlineData("compiled")]
    public void An_index_out_of_range_gives_3_with_the_models_file(string engine)
    {
        string model = _folder["net.safetensors"];
        InputSpec[] inputs =
        [
            InputSpec.Features(4, name: "x"), new() { Name = "index", SampleShape = [2], DType = DType.Int64, IsBatched = false },
        ];
        Network network = Network.Build(inputs, x => [("output", x[0].Apply(new Gather(1), null, x[1]).Linear(3))]);
        ModelFile.Save(network.Initialize(RandomStream.FromSeed(1)), model);
        NpyFile.Save(_folder["x.npy"], Tensor.From<float>([1, 2, 3, 4], [1, 4]));
        NpyFile.Save(_folder["index.npy"], Tensor.From<long>([0, 9], [2]));
        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["model"] = model, ["input"] = $"x={_folder["x.npy"]}\nindex={_folder["index.npy"]}", ["output"] = _folder["out"], ["engine"] = engine,
        };
        var error = Assert.Throws<ToolException>(() => new PredictCommand().Run(Settings.Context(new PredictCommand(), flags, TimeProvider.System)));
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
        Assert.StartsWith($"predict: {model}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("an index is out of range (got 9, expected -4 to 3)", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public void A_missing_input_gives_6_before_the_output_folder_is_asked_for()
    {
        foreach (string name in new[] { "none", "none.npy", "x=none.npy", "none.csv" })
        {
            var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = "net.safetensors", ["input"] = name };
            var error = Assert.Throws<ToolException>(() => new PredictCommand().Run(Settings.Context(new PredictCommand(), flags, TimeProvider.System)));
            Assert.Equal(ExitCode.InputOutput, error.ExitCode);
            Assert.Contains($"there is no such file or folder (got '{name.Split('=')[^1]}')", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_array_of_another_type_is_named()
    {
        string model = _folder["net.safetensors"], array = _folder["bytes.npy"];
        ModelFile.Save(Network.Build(InputSpec.Features(2), x => x.Linear(3)).Initialize(RandomStream.FromSeed(1)), model);
        NpyFile.Save(array, Tensor.From<byte>([1, 2], [1, 2]));
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = model, ["input"] = array, ["output"] = _folder["out"] };
        var error = Assert.Throws<ToolException>(() => new PredictCommand().Run(Settings.Context(new PredictCommand(), flags, TimeProvider.System)));
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
        Assert.StartsWith($"predict: {array}: wrong dtype for input 'input' (got UInt8, expected Float32)", error.Message, StringComparison.Ordinal);
    }
}
