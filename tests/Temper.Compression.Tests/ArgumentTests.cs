using Temper.Compression.Calibration;
using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Compression.Quantization;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Runs;

namespace Temper.Compression.Tests;

/// <summary>Arguments that are refused by name, before any work.</summary>
public sealed class ArgumentTests
{
    private static readonly Network Net = Network.Build(InputSpec.Features(3), x => x.Linear(2)).Initialize(RandomStream.FromSeed(1));

    private static readonly TensorDataset Set = new("set", Tensor.Zeros([2, 3]), Tensor.From([0L, 1L], [2]));

    private static readonly CompressionOptions Options = new() { Seed = 1 };

    private static readonly MethodRun InMemory = new((Set, Set));

    private static readonly Dictionary<string, (string Parameter, Action Call)> Nulls = new(StringComparer.Ordinal)
    {
        ["Run: network"] = ("network", () => CompressionPipeline.Run(null!, Set, Set, Options)),
        ["Run: train"] = ("train", () => CompressionPipeline.Run(Net, null!, Set, Options)),
        ["Run: validation"] = ("validation", () => CompressionPipeline.Run(Net, Set, null!, Options)),
        ["Run: options"] = ("options", () => CompressionPipeline.Run(Net, Set, Set, null!)),
        ["Run: run"] = ("run", () => CompressionPipeline.Run(Net, Options, null!)),
        ["Run: network with a run"] = ("network", () => CompressionPipeline.Run(null!, Options, InMemory)),
        ["Require: validation"] = ("validation", () => CompressionPipeline.Require(Net, null!, Options)),
        ["Calibrate: network"] = ("network", () => CompressionPipeline.Calibrate(null!, Set, 1, Options, InMemory)),
        ["Calibrate: samples"] = ("samples", () => CompressionPipeline.Calibrate(Net, null!, 1, Options, InMemory)),
        ["Calibrate: options"] = ("options", () => CompressionPipeline.Calibrate(Net, Set, 1, null!, InMemory)),
        ["Calibrate: run"] = ("run", () => CompressionPipeline.Calibrate(Net, Set, 1, Options, null!)),
        ["RunDataFree: network"] = ("network", () => CompressionPipeline.RunDataFree(null!, Options, InMemory)),
        ["RunDataFree: options"] = ("options", () => CompressionPipeline.RunDataFree(Net, null!, InMemory)),
        ["RunDataFree: run"] = ("run", () => CompressionPipeline.RunDataFree(Net, Options, null!)),
        ["Run: ignored names"] = ("Ignore", () => CompressionPipeline.Run(Net, Set, Set, Options with { Ignore = null! })),
        ["Quantize: ignored names"] = ("Ignore", () => Net.Quantize(Tensor.Zeros([1, 3]), new QuantizationOptions { Ignore = null! })),
        ["Prune: rule"] = ("rule", () => Net.Prune(null!)),
        ["PruneCalibrated: network"] = ("network", () => CalibratedPruning.PruneCalibrated(null!, Tensor.Zeros([1, 3]), 0.5)),
        ["PruneCalibrated: samples"] = ("samples", () => Net.PruneCalibrated(null!, 0.5)),
        ["Quantize: network"] = ("network", () => NetworkQuantization.Quantize(null!, Tensor.Zeros([1, 3]))),
        ["Quantize: samples"] = ("samples", () => Net.Quantize(null!)),
    };

    public static TheoryData<string> NullNames => [.. Nulls.Keys];

    [Theory]
    [MemberData(nameof(NullNames))]
    public void Null_is_refused_by_name(string name) => Assert.Throws<ArgumentNullException>(Nulls[name].Parameter, Nulls[name].Call);

    [Fact]
    public void A_validation_set_without_samples_is_refused_by_its_name()
    {
        const string Expected = "compress: the validation set is empty (got 0 samples of set, expected 1 or more)";
        Assert.StartsWith(
            Expected, Assert.Throws<ArgumentException>(() => CompressionPipeline.Run(Net, Set, Set.Take(0), Options)).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            Expected, Assert.Throws<ArgumentException>(() => CompressionPipeline.Require(Net, Set.Take(0), Options)).Message, StringComparison.Ordinal);
    }
}
