using Temper.Data;
using Temper.Growth.Blocks;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Growth.Tests.Support;

/// <summary>Growth of networks that train in milliseconds.</summary>
internal static class SmallGrowth
{
    private static readonly DataSets Sets = DataSource.Open("synth:shapes?count=96&classes=3&size=8&channels=1&seed=2");

    internal static (Dataset Train, Dataset Validation) Data { get; } = (Sets.Train.Take(64), Sets.Test.Take(16));

    internal static ZooOptions Zoo { get; } = new() { Input = InputSpec.Image(1, 8, 8), Classes = 3 };

    internal static GrowthOptions Options { get; } = new()
    {
        Interval = 1, Stopping = new AccuracyGain { Window = 3 }, FinishEpochs = 2, MaxEpochs = 8,
    };

    internal static TrainingOptions Training { get; } = new()
    {
        Seed = 3, BatchSize = 32, Optimizer = new Sgd { LearningRate = 0.05f, Momentum = 0.9f, WeightDecay = 5e-4f },
    };

    /// <summary>A family with narrow stages.</summary>
    internal static StagedFamily Family(string name)
    {
        StagedFamily family = StagedFamily.ByName(name);
        return family with { Widths = [.. family.Widths.Select((_, stage) => 2 + (2 * stage))] };
    }

    internal static GrowableNetwork Seed(string family = "basic3", params int[] depths)
    {
        StagedFamily narrow = Family(family);
        GrowableNetwork seed = GrowableNetwork.Of(narrow, depths.Length > 0 ? depths : [.. narrow.Widths.Select(_ => 1)], Zoo);
        return seed.With(seed.Network.Initialize(RandomStream.FromSeed(1).Split("weights")));
    }

    internal static GrowthResult Run(GrowthOptions options, string family = "basic3") =>
        AutoGrow.Run(Seed(family), options, Training, new MethodRun(Data));

    internal static MethodRun Stages(RunFolder folder) => new(Data, new StagedRun(folder, TimeProvider.System));

    /// <summary>A step without its time, which differs between runs.</summary>
    internal static string Untimed(GrowthStep step) =>
        $"{step.Event} {step.Stage} {string.Join('-', step.Depths)} {step.Epoch} {step.Accuracy} {step.Macs}";

    internal static Tensor Inputs { get; } = Data.Train.Read(0, 8).Inputs;

    internal static byte[] Outputs(Network network) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<float>(network.Forward(Inputs).ToArray<float>())).ToArray();

    /// <summary>Structure, parameters and buffers as bytes.</summary>
    internal static byte[] BytesOf(Network network)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(network.WithMetadata([]).ToJson());
        foreach (float value in network.Parameters.SelectMany(parameter => parameter.Value.ToArray<float>())
            .Concat(network.Buffers.Values.Where(buffer => buffer.DType == DType.Float32).SelectMany(buffer => buffer.ToArray<float>())))
        {
            writer.Write(value);
        }

        writer.Flush();
        return bytes.ToArray();
    }
}
