using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Predictions;
using Temper.Cli.Tests.Support;
using Temper.Formats;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Cli.Tests.Commands;

/// <summary>Networks are trained and measured on tables.</summary>
public sealed class TableCommandTests : IDisposable
{
    private const string Options = "delimiter=semicolon&skip=row";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The classes differ in a column of large numbers, which is useless unless it is standardized.</summary>
    [Theory]
    [InlineData("mlp-8")]
    [InlineData("lenet-300-100")]
    public void A_table_trains_a_network_and_measures_the_run(string network)
    {
        string run = Trained(network);
        Assert.Equal(["left", "right"], ModelFile.Load(Path.Combine(run, "model.safetensors")).ClassNames);
        Assert.Equal(ExitCode.Success, Eval(run, data: null));
    }

    [Fact]
    public void A_network_scales_the_columns_itself_and_only_once()
    {
        string run = Trained("mlp-8"), onnx = _folder["sides.onnx"];
        var convert = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = run, ["target"] = onnx, ["quiet"] = "true" };
        Assert.Equal(ExitCode.Success, new ConvertCommand().Run(Settings.Context(new ConvertCommand(), convert, TimeProvider.System)));
        foreach (string model in new[] { run, onnx })
        {
            Assert.Equal(ExitCode.Success, Eval(model, Options));
            Assert.Equal(ExitCode.Success, Eval(model, $"{Options}&scale=standard"));
        }

        var both = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = "mlp-8", ["data"] = $"{_folder["sides.csv"]}?{Options}&scale=standard", ["normalize"] = "0,0/1,1" };
        Assert.Contains("excludes scale=standard", Settings.Refusal(() => new TrainCommand().Run(Settings.Context(new TrainCommand(), both, TimeProvider.System))), StringComparison.Ordinal);
    }

    /// <summary>Its weights separate values around 0: the large numbers of the table are all one class.</summary>
    [Fact]
    public void A_stored_network_for_scaled_columns_gets_their_scaling()
    {
        Table();
        Network network = Network.Build(InputSpec.Features(2), x => x.Linear(2)).Initialize(RandomStream.FromSeed(1));
        network = network.WithParameters(network.Parameters.Select(parameter => parameter with
        {
            Value = parameter.Value.Rank == 2 ? Tensor.From<float>([-1, 0, 1, 0], [2, 2]) : Tensor.Zeros(parameter.Value.Shape),
        }));
        ModelFile.Save(network, _folder["net.safetensors"]);
        Assert.Equal(ExitCode.Success, Eval(_folder["net.safetensors"], $"{Options}&scale=standard"));
        Assert.Equal(ExitCode.ThresholdNotMet, Eval(_folder["net.safetensors"], Options));
    }

    [Fact]
    public void Rows_are_predicted_by_the_names_of_their_columns()
    {
        string run = Trained("mlp-8");
        string rows = _folder.Write("rows.csv", "near;side;far\n0.5;right;10003\n1.5;left;10103\n");
        IReadOnlyList<RowPrediction> found = Predict(run, rows);
        Assert.Equal([(1, "left"), (2, "right")], found.Select(one => (one.Row, one.Best.Classes[0].Name)));
        Assert.All(found, one => Assert.Equal(1, one.Probabilities.Sum(), 1e-5f));
        Assert.Equal(found[0].Probabilities[0], found[0].Best.Classes[0].Probability);
        Assert.Equal(2, found[0].ToJson()["probabilities"]!.AsArray().Count);
        _folder.Write("rows.csv", "near;side\n0.5;right\n");
        Assert.Contains("column 'far' is missing", Assert.Throws<ModelFormatException>(() => Predict(run, rows)).Message, StringComparison.Ordinal);
    }

    /// <summary>The table that names the columns is gone: they are taken in their order, and must be as many.</summary>
    [Fact]
    public void Rows_that_do_not_fit_the_network_are_refused()
    {
        string run = Trained("mlp-8");
        File.Delete(_folder["sides.csv"]);
        string more = _folder.Write("more.csv", "row;far;near;age\n7;10003;0.5;3\n");
        var error = Assert.Throws<ToolException>(() => Predict(run, more));
        Assert.Equal(ExitCode.BadInput, error.ExitCode);
        Assert.Contains("(got 3: far, near, age; expected 2)", error.Message, StringComparison.Ordinal);

        string rows = _folder.Write("rows.csv", "row;far;near;side\n7;10003;0.5;left\n");
        Assert.Contains("leave the column out with skip=side", Assert.Throws<ModelFormatException>(() => Predict(run, rows)).Message, StringComparison.Ordinal);
        Assert.Equal("left", Assert.Single(Predict(run, $"{rows}?label=side")).Best.Classes[0].Name);
        Assert.Throws<ModelFormatException>(() => Predict(run, $"{rows}?label=none"));

        Network pictures = Network.Build(InputSpec.Image(1, 1, 2), x => x.Flatten().Linear(2)).Initialize(RandomStream.FromSeed(1));
        ModelFile.Save(pictures, _folder["pictures.safetensors"]);
        Assert.Contains("does not classify rows", Assert.Throws<ToolException>(() => Predict(_folder["pictures.safetensors"], rows)).Message, StringComparison.Ordinal);
    }

    /// <summary>Writes 200 rows: the far column has two groups, which are the classes.</summary>
    private string Table() => _folder.Write("sides.csv", "row;far;near;side\n" + string.Concat(Enumerable.Range(0, 200).Select(i => string.Create(
        CultureInfo.InvariantCulture, $"{i};{10000 + (i % 2 * 100) + (i % 7)};{i % 5}.5;{(i % 2 == 0 ? "left" : "right")}\n"))));

    /// <summary>Trains a network on the scaled table and returns the folder of the run.</summary>
    private string Trained(string network)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["model"] = network, ["data"] = $"{Table()}?{Options}&scale=standard", ["epochs"] = "20", ["learning-rate"] = "0.01",
            ["runs"] = _folder["runs"], ["quiet"] = "true", ["fail-below"] = "95",
        };
        Assert.Equal(ExitCode.Success, new TrainCommand().Run(Settings.Context(new TrainCommand(), flags, TimeProvider.System)));
        return Assert.Single(Directory.GetDirectories(_folder["runs"]));
    }

    private static IReadOnlyList<RowPrediction> Predict(string model, string rows)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = model, ["quiet"] = "true", ["top"] = "2" };
        return RowPredictions.Predict(Settings.Context(new PredictCommand(), flags, TimeProvider.System), model, [rows]);
    }

    private int Eval(string model, string? data)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = model, ["fail-below"] = "95", ["quiet"] = "true" };
        if (data is not null)
        {
            flags["data"] = $"{_folder["sides.csv"]}?{data}";
        }

        return new EvalCommand().Run(Settings.Context(new EvalCommand(), flags, TimeProvider.System));
    }

    /// <summary>The message names the data and the network, not the layer that found the mismatch.</summary>
    [Fact]
    public void A_table_does_not_fit_a_network_of_pictures()
    {
        string rows = string.Concat(Enumerable.Range(0, 20).Select(i => $"{20 + i},{i % 7},{(i % 2 == 0 ? "low" : "high")}\n"));
        string table = _folder.Write("people.csv", $"age,income,risk\n{rows}");
        foreach ((string network, string reason) in new[]
        {
            ("lenet-5", "lenet-5, which expects pictures [C, H, W]; use mlp-64-64, for example"), ("two-stream", "use mlp-64-64, for example"),
        })
        {
            var flags = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["model"] = network, ["data"] = $"{table}?label=risk", ["runs"] = _folder["runs"], ["quiet"] = "true",
            };
            var error = Assert.Throws<ToolException>(() => new TrainCommand().Run(Settings.Context(new TrainCommand(), flags, TimeProvider.System)));
            Assert.Equal(ExitCode.BadInput, error.ExitCode);
            Assert.StartsWith("data: samples [2] of ", error.Message, StringComparison.Ordinal);
            Assert.Contains($" do not fit {network}", error.Message, StringComparison.Ordinal);
            Assert.EndsWith(reason, error.Message, StringComparison.Ordinal);
        }
    }
}
