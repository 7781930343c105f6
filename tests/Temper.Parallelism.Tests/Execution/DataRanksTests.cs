using Temper.Networks;
using Temper.Optimization;
using Temper.Parallelism.Execution;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;
using Xunit;

namespace Temper.Parallelism.Tests.Execution;

public sealed class DataRanksTests
{
    /// <summary>Batch normalization and a residual connection.</summary>
    private static readonly Network Residual = Network.Build(new InputSpec { SampleShape = [2, 6, 6] }, x =>
    {
        Value y = x.Conv2d(4, kernel: 3, padding: 1).BatchNorm().Relu();
        return (y + y.Conv2d(4, kernel: 3, padding: 1).BatchNorm()).Relu().Flatten().Linear(3);
    }).Initialize(RandomStream.FromSeed(5));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void Losses_are_those_of_one_rank(int ranks)
    {
        foreach (Network network in (Network[])[RankRuns.Uneven, Residual])
        {
            (_, double[] expected) = RankRuns.Train(network, 1, _ => TrainingRanks.One);
            (_, double[] actual) = RankRuns.Train(network, ranks, group => new DataRanks(group));
            RankRuns.AssertClose(expected, actual);
        }
    }

    [Fact]
    public void Group_of_one_gives_the_bytes_of_a_run_without_ranks()
    {
        (TrainingResult alone, _) = RankRuns.Train(Residual, 1, _ => TrainingRanks.One);
        (TrainingResult shared, _) = RankRuns.Train(Residual, 1, group => new DataRanks(group));
        AssertSame(alone.Last, shared.Last);
    }

    [Fact]
    public void Same_number_of_ranks_gives_the_same_bytes_on_every_run()
    {
        (TrainingResult first, _) = RankRuns.Train(Residual, 3, group => new DataRanks(group, new DataRanksOptions { BucketMiB = 1e-4 }));
        (TrainingResult again, _) = RankRuns.Train(Residual, 3, group => new DataRanks(group, new DataRanksOptions { BucketMiB = 1e-4 }));
        AssertSame(first.Last, again.Last);
    }

    [Fact]
    public void Regularizers_clipping_accumulation_and_average_are_those_of_one_rank()
    {
        TrainingOptions options = RankRuns.Options with
        {
            Accumulation = 2, Clipping = new GradientClipping { MaxNorm = 0.5f }, Average = new WeightAverage { Decay = 0.9f }, Optimizer = new AdamW(),
        };
        (_, double[] expected) = RankRuns.Train(RankRuns.Uneven, 1, _ => TrainingRanks.One, options);
        (_, double[] actual) = RankRuns.Train(RankRuns.Uneven, 3, group => new DataRanks(group), options);
        RankRuns.AssertClose(expected, actual);
    }

    [Fact]
    public void Run_resumes_on_another_number_of_ranks()
    {
        string folder = Directory.CreateTempSubdirectory("temper-ranks").FullName;
        try
        {
            TrainingOptions options = RankRuns.Options with { CheckpointFolder = folder };
            (_, double[] expected) = RankRuns.Train(RankRuns.Uneven, 1, _ => TrainingRanks.One);
            RankRuns.Train(RankRuns.Uneven, 3, group => new DataRanks(group), options with { Epochs = 2 });
            (_, double[] rest) = RankRuns.Train(RankRuns.Uneven, 2, group => new DataRanks(group), options);
            RankRuns.AssertClose(expected[^rest.Length..], rest);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void AssertSame(Network expected, Network actual)
    {
        foreach (Parameter parameter in expected.Parameters)
        {
            Assert.True(parameter.Value.ToArray<float>().AsSpan().SequenceEqual(actual.Parameters[parameter.Name].Value.ToArray<float>()), parameter.Name);
        }

        foreach ((string name, Tensor value) in expected.Buffers.Where(entry => entry.Value.DType == DType.Float32))
        {
            Assert.True(value.ToArray<float>().AsSpan().SequenceEqual(actual.Buffers[name].ToArray<float>()), name);
        }
    }
}
