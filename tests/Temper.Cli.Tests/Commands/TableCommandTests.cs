using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Formats.Models;
using Temper.Testing;

namespace Temper.Cli.Tests.Commands;

/// <summary>Networks are trained and measured on tables.</summary>
public sealed class TableCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The classes differ in a column of large numbers, which is useless unless it is standardized.</summary>
    [Theory]
    [InlineData("mlp-8")]
    [InlineData("lenet-300-100")]
    public void A_table_trains_a_network_and_measures_the_run(string network)
    {
        string rows = string.Concat(Enumerable.Range(0, 200).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"{i};{10000 + (i % 2 * 100) + (i % 7)};{i % 5}.5;{(i % 2 == 0 ? "left" : "right")}\n")));
        string table = _folder.Write("sides.csv", $"row;far;near;side\n{rows}");
        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["model"] = network, ["data"] = $"{table}?delimiter=semicolon&skip=row&scale=standard", ["epochs"] = "20", ["learning-rate"] = "0.01",
            ["runs"] = _folder["runs"], ["quiet"] = "true", ["fail-below"] = "95",
        };
        Assert.Equal(ExitCode.Success, new TrainCommand().Run(Settings.Context(new TrainCommand(), flags, TimeProvider.System)));
        string run = Assert.Single(Directory.GetDirectories(_folder["runs"]));
        Assert.Equal(["left", "right"], ModelFile.Load(Path.Combine(run, "model.safetensors")).ClassNames);
        var eval = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = run, ["fail-below"] = "95", ["quiet"] = "true" };
        Assert.Equal(ExitCode.Success, new EvalCommand().Run(Settings.Context(new EvalCommand(), eval, TimeProvider.System)));
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
