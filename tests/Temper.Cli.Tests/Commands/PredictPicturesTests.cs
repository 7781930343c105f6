using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Predictions;
using Temper.Cli.Tests.Support;
using Temper.Data;
using Temper.Data.Images;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Cli.Tests.Commands;

/// <summary><c>temper predict</c> reads pictures as a folder of pictures is read for <c>eval</c>.</summary>
public sealed class PredictPicturesTests : IDisposable
{
    private static readonly string[] Names = ["cat", "dog", "emu"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("compiled")]
    [InlineData("graph")]
    public void Predictions_are_those_of_the_data_set(string engine)
    {
        Network network = Save(InputSpec.Image(3, 4, 4), x => x.Flatten().Linear(3));
        Put("test/a/1.png", 4, 4, 3, 1);
        Put("test/a/2.png", 4, 4, 1, 2);
        Put("test/b/3.png", 4, 4, 4, 3);
        float[] expected = network.Forward(DataSource.Open(_folder.Path).Test.Read(0, 3).Inputs).Softmax().ToArray<float>();

        (IReadOnlyList<Prediction> found, IReadOnlyList<UnusedSamples> failed) =
            Predict([_folder["test/b/3.png"], _folder["test"]], ("engine", engine), ("top", "3"));

        Assert.Empty(failed);
        Assert.Equal(["test/b/3.png", "test/a/1.png", "test/a/2.png", "test/b/3.png"], found.Select(one => Path.GetRelativePath(_folder.Path, one.File)));
        foreach ((Prediction one, int row) in found.Zip([2, 0, 1, 2]))
        {
            Assert.Equal(one.Classes.OrderByDescending(each => each.Probability), one.Classes);
            Assert.All(one.Classes, each => Assert.Equal(expected[(row * 3) + each.Index], each.Probability, 1e-5f));
            Assert.All(one.Classes, each => Assert.Equal(Names[each.Index], each.Name));
        }
    }

    [Fact]
    public void What_cannot_be_read_is_named_and_the_others_are_predicted()
    {
        Save(InputSpec.Image(1, 4, 4), x => x.Flatten().Linear(3));
        string good = Put("in/good.png", 4, 4, 1, 1), large = Put("in/large.png", 5, 4, 1, 1), cut = Put("in/cut.png", 4, 4, 1, 1);
        File.WriteAllBytes(cut, File.ReadAllBytes(cut)[..^20]);
        File.WriteAllText(_folder["in/empty.png"], "");
        File.WriteAllText(_folder["in/notes.txt"], "not a picture");
        File.WriteAllText(_folder["in/moving.gif"], "GIF89a");
        Directory.CreateDirectory(_folder["none"]);

        PictureList list = PictureList.Find([_folder["in"], _folder["missing.png"], _folder["in/moving.gif"], _folder["none"]]);
        (IReadOnlyList<Prediction> found, IReadOnlyList<UnusedSamples> failed) = PicturePredictions.Predict(Context([]), Model, list);

        Assert.Equal([good], found.Select(one => one.File));
        Dictionary<string, string> reasons = failed.ToDictionary(one => Path.GetFileName(one.Name), one => one.Reason, StringComparer.Ordinal);
        Assert.Equal(["cut.png", "empty.png", "large.png", "missing.png", "moving.gif", "none"], reasons.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("got 5 x 4, expected 4 x 4); --resize linear resizes it", reasons["large.png"], StringComparison.Ordinal);
        Assert.Contains("a GIF picture", reasons["moving.gif"], StringComparison.Ordinal);
        Assert.Contains("no pictures", reasons["none"], StringComparison.Ordinal);
        Assert.Equal(["moving.gif", "notes.txt"], list.Unused.Select(one => Path.GetFileName(one.Name)).Order(StringComparer.Ordinal));
        Assert.Equal(ExitCode.BadInput, Run(good, large));
        Assert.Equal(ExitCode.Success, Run(good));
        Assert.Equal(ExitCode.InputOutput, Run(good, _folder["missing.png"]));
        Assert.Equal(ExitCode.InputOutput, Assert.Throws<ToolException>(() => Run(_folder["missing"])).ExitCode);
    }

    [Fact]
    public void Pictures_are_resized_as_the_data_set_resizes_them()
    {
        Network network = Save(InputSpec.Image(1, 4, 4), x => x.Flatten().Linear(3));
        string large = Put("test/a/large.png", 9, 5, 1, 1);
        Put("test/b/small.png", 2, 3, 1, 2);
        Tensor samples = DataSource.Open(_folder.Path).Test.Resized(4, 4, PictureScaling.Linear).Read(0, 2).Inputs;
        float[] expected = network.Forward(samples).Softmax().ToArray<float>();
        Prediction[] both = [.. Predict([_folder["test"]], ("resize", "linear")).Found], one = [.. Predict([large], ("resize", "linear")).Found];
        Assert.Equal(expected[..3].Max(), both[0].Classes[0].Probability, 1e-5f);
        Assert.Equal(expected[3..].Max(), both[1].Classes[0].Probability, 1e-5f);
        Assert.Equal(both[0].Classes[0].Probability, one[0].Classes[0].Probability, 1e-5f);
    }

    [Fact]
    public void A_network_of_gray_pictures_takes_the_luma_of_color()
    {
        Network network = Save(InputSpec.Image(1, 1, 1), x => x.Flatten().Linear(3));
        string color = _folder["color.png"];
        File.WriteAllBytes(color, PngEncoder.Encode(new Picture(1, 1, 3, [200, 100, 50])));
        float luma = ((299 * 200) + (587 * 100) + (114 * 50) + 500) / 1000 / 255f;
        float expected = network.Forward(Tensor.From([luma], [1, 1, 1, 1])).Softmax().ToArray<float>().Max();
        Assert.Equal(expected, Predict([color]).Found[0].Classes[0].Probability, 1e-5f);
    }

    [Fact]
    public void Flattened_pictures_are_predicted()
    {
        Network network = Save(InputSpec.Features(48), x => x.Linear(3));
        Put("test/a/1.png", 4, 4, 3, 1);
        float[] expected = network.Forward(DataSource.Open(_folder.Path).Test.Read(0, 1).Inputs.Reshape([1, 48])).Softmax().ToArray<float>();
        Assert.Equal(expected.Max(), Predict([_folder["test"]]).Found[0].Classes[0].Probability, 1e-5f);
    }

    [Fact]
    public void Probabilities_of_the_network_are_printed_as_they_are()
    {
        Network network = Save(InputSpec.Image(1, 4, 4), x => x.Flatten().Linear(3).Softmax(), hasNames: false);
        Put("test/a/1.png", 4, 4, 1, 1);
        float[] expected = network.Forward(DataSource.Open(_folder.Path).Test.Read(0, 1).Inputs).ToArray<float>();
        PredictedClass found = Predict([_folder["test"]]).Found[0].Classes[0];
        Assert.Equal(expected.Max(), found.Probability, 1e-5f);
        Assert.Equal($"{Array.IndexOf(expected, expected.Max())}", found.Name);
    }

    [Fact]
    public void Json_has_the_most_likely_class_and_the_others()
    {
        Prediction found = Prediction.Of("a.png", [0.2f, 0.5f, 0.3f], Names, count: 2);
        Assert.Equal(
            """{"file":"a.png","class":"dog","index":1,"probability":0.5,"top":[{"class":"dog","index":1,"probability":0.5},{"class":"emu","index":2,"probability":0.3}]}""",
            found.ToJson().ToJsonString().Replace("0.30000001192092896", "0.3", StringComparison.Ordinal));
    }

    /// <summary>The run trained on resized pictures; another size is resized without being asked for.</summary>
    [Fact]
    public void A_run_resizes_pictures_as_it_did_in_training()
    {
        for (int i = 0; i < 8; i++)
        {
            Put($"train/{Names[i % 2]}/{i}.png", 5 + i, 6, 1, i + 1);
        }

        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["model"] = "mlp-4", ["data"] = _folder.Path, ["resize"] = "linear", ["size"] = "4x4", ["epochs"] = "1", ["runs"] = _folder["runs"], ["quiet"] = "true",
        };
        Assert.Equal(ExitCode.Success, new TrainCommand().Run(Settings.Context(new TrainCommand(), flags, TimeProvider.System)));
        string run = Assert.Single(Directory.GetDirectories(_folder["runs"]));
        string picture = Put("odd.png", 11, 3, 1, 5);
        (IReadOnlyList<Prediction> found, IReadOnlyList<UnusedSamples> failed) =
            PicturePredictions.Predict(Context([("model", run), ("quiet", "true")]), run, PictureList.Find([picture]));
        Assert.Empty(failed);
        Assert.Contains(Assert.Single(found).Classes[0].Name, Names[..2]);
    }

    [Fact]
    public void Networks_that_do_not_classify_pictures_are_refused()
    {
        string picture = Put("1.png", 4, 4, 1, 1);
        Save(InputSpec.Image(1, 4, 4), x => x.Flatten().Linear(1), hasNames: false);
        Refused("expected one output with a value per class");
        Save(InputSpec.Features(7), x => x.Linear(3));
        Refused("[7], expected [C, H, W] with 1 or 3 channels");
        Save(InputSpec.Image(2, 4, 4), x => x.Flatten().Linear(3));
        Refused("[2, 4, 4], expected [C, H, W] with 1 or 3 channels");

        void Refused(string why)
        {
            var error = Assert.Throws<ToolException>(() => Run(picture));
            Assert.Equal(ExitCode.BadInput, error.ExitCode);
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Options_of_the_other_kind_of_input_are_refused()
    {
        Save(InputSpec.Image(1, 4, 4), x => x.Flatten().Linear(3));
        string picture = Put("1.png", 4, 4, 1, 1), array = _folder["x.dat"];
        NpyFile.Save(array, Tensor.Zeros([1, 1, 4, 4]));
        Assert.Contains("arrays and pictures cannot be mixed", Refusal([picture, array]), StringComparison.Ordinal);
        Assert.Contains("--output does not apply to pictures", Refusal([picture], ("output", _folder["out"])), StringComparison.Ordinal);
        Assert.Contains("--top does not apply to arrays", Refusal([array], ("output", _folder["out"]), ("top", "2")), StringComparison.Ordinal);
        Assert.Contains("--normalize does not apply to arrays; store it in the network first: temper convert", Refusal([array], ("normalize", "0/1")), StringComparison.Ordinal);

        string Refusal(string[] inputs, params (string, string)[] more) =>
            Settings.Refusal(() => new PredictCommand().Run(Context([.. more, ("input", string.Join('\n', inputs))])));
    }

    private string Model => _folder["net.safetensors"];

    private Network Save(InputSpec input, Func<Value, Value> build, bool hasNames = true)
    {
        Network network = Network.Build(input, build).Initialize(RandomStream.FromSeed(1));
        network = hasNames ? network.WithClassNames(Names) : network;
        ModelFile.Save(network, Model);
        return network;
    }

    private string Put(string name, int width, int height, int channels, int seed)
    {
        string path = _folder[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] pixels = [.. Enumerable.Range(0, width * height * channels).Select(i => (byte)(37 * (i + 1) * seed))];
        File.WriteAllBytes(path, PngEncoder.Encode(new Picture(width, height, channels, pixels)));
        return path;
    }

    private (IReadOnlyList<Prediction> Found, IReadOnlyList<UnusedSamples> Failed) Predict(string[] inputs, params (string, string)[] more) =>
        PicturePredictions.Predict(Context(more), Model, PictureList.Find(inputs));

    private int Run(params string[] inputs) => new PredictCommand().Run(Context([("input", string.Join('\n', inputs)), ("json", "true")]));

    private CommandContext Context((string Name, string Value)[] more) => Settings.Context(
        new PredictCommand(), more.Append(("model", Model)).DistinctBy(flag => flag.Item1).ToDictionary(flag => flag.Item1, flag => flag.Item2, StringComparer.Ordinal), TimeProvider.System);
}
