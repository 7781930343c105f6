using System.Text.Json;
using Temper.Networks;
using Temper.Optimization;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;
using Xunit;

namespace Temper.Parallelism.Tests.Execution;

public sealed class DataRanksOptionsTests : IDisposable
{
    private static readonly Network Normalized = Network.Build(
        new InputSpec { SampleShape = [2, 6, 6] }, x => x.Conv2d(4, kernel: 3).BatchNorm().Tanh().Flatten().Linear(3))
        .Initialize(RandomStream.FromSeed(5));

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-ranks").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1, 7)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 1201)]
    public void BFloat16_sums_are_those_of_a_slow_loop_on_every_rank(int ranks, int length)
    {
        float[][] terms = [.. Enumerable.Range(0, ranks).Select(rank => Terms(rank, length))];
        IReadOnlyList<float[]> sums = InProcessGroup.Run(ranks, group =>
        {
            float[] own = [.. terms[group.Rank]];
            new BFloat16Sum(group).AllReduce(own);
            return own;
        });
        float[] expected = ranks == 1 ? terms[0] : [.. Enumerable.Range(0, length).Select(i =>
            Nearest(terms.Aggregate(0f, (sum, term) => sum + Nearest(term[i]))))];
        Assert.All(sums, sum => Assert.Equal(expected, sum));
    }

    [Fact]
    public void BFloat16_halves_the_bytes_and_trains_to_about_the_same_losses()
    {
        var ranks = new List<DataRanks>();
        (_, double[] expected) = RankRuns.Train(RankRuns.Uneven, 1, _ => TrainingRanks.One);
        RankRuns.Train(RankRuns.Uneven, 2, group => Kept(new DataRanks(group)));
        long whole = ranks.Sum(rank => rank.BytesSent);
        ranks.Clear();
        var options = new DataRanksOptions { Gradients = GradientFormat.BFloat16 };
        (_, double[] actual) = RankRuns.Train(RankRuns.Uneven, 2, group => Kept(new DataRanks(group, options)));
        Assert.InRange((double)ranks.Sum(rank => rank.BytesSent) / whole, 0.5, 0.51);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 0.02 * pair.First));
        Assert.NotEqual(expected, actual);

        DataRanks Kept(DataRanks rank)
        {
            lock (ranks)
            {
                ranks.Add(rank);
            }

            return rank;
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Sharded_optimizer_state_changes_no_byte_of_a_run_and_its_checkpoint(int ranks)
    {
        TrainingOptions options = RankRuns.Options with
        {
            Optimizer = new Adam(), Average = new WeightAverage { Decay = 0.9f }, Clipping = new GradientClipping { MaxNorm = 0.5f },
        };
        (string whole, string sharded) = (Path.Combine(_folder, "whole"), Path.Combine(_folder, "sharded"));
        (_, double[] expected) = RankRuns.Train(
            Normalized, ranks, group => new DataRanks(group), options with { CheckpointFolder = whole });
        (_, double[] actual) = RankRuns.Train(
            Normalized, ranks, group => new DataRanks(group, new DataRanksOptions { ShardsOptimizer = true }),
            options with { CheckpointFolder = sharded });
        Assert.Equal(expected, actual);
        string[] files = Directory.GetFiles(whole, "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(sharded, Path.GetRelativePath(whole, file))));
        }
    }

    [Fact]
    public void Local_statistics_are_averaged_for_evaluation_and_differ_from_those_of_the_whole_batch()
    {
        var options = new DataRanksOptions { SynchronizesStatistics = false };
        (TrainingResult all, _) = RankRuns.Train(Normalized, 3, group => new DataRanks(group));
        float[][] local = [.. RankRuns.TrainAll(Normalized, 3, group => new DataRanks(group, options)).Select(rank => Running(rank.Result.Last))];

        // Ranks compute statistics of different samples; the final ones are equal on all ranks because they are
        // averaged.
        Assert.All(local, running => Assert.Equal(local[0], running));
        Assert.NotEqual(Running(all.Last), local[0]);

        static float[] Running(Network network) => [.. network.Buffers.Where(entry => entry.Value.DType == DType.Float32)
            .OrderBy(entry => entry.Key, StringComparer.Ordinal).SelectMany(entry => entry.Value.ToArray<float>())];
    }

    /// <summary>Options that change results stay; the number of ranks, and how they divide their work, may change.</summary>
    [Fact]
    public void A_run_resumes_with_the_exchange_that_it_had()
    {
        TrainingOptions options = RankRuns.Options with { CheckpointFolder = Path.Combine(_folder, "run") };
        var exchange = new DataRanksOptions { Gradients = GradientFormat.BFloat16, SynchronizesStatistics = false };
        RankRuns.Train(Normalized, 2, group => new DataRanks(group, exchange), options with { Epochs = 1 });
        Refused("gradients (got Float32, expected BFloat16)", exchange with { Gradients = GradientFormat.Float32 });
        Refused("synchronizesStatistics (got true, expected false)", exchange with { SynchronizesStatistics = true });
        Refused("order (got Engine, expected Ranks)", exchange with { Order = SumOrder.Engine });
        RankRuns.Train(
            Normalized, 3, group => new DataRanks(group, exchange with { BucketMiB = 1e-3, ShardsOptimizer = true }), options with { Epochs = 2 });

        // One rank exchanges nothing, and those that follow it have a choice again.
        RankRuns.Train(Normalized, 1, _ => TrainingRanks.One, options);
        (TrainingResult result, _) = RankRuns.Train(Normalized, 2, group => new DataRanks(group), options with { Epochs = 4 });
        Assert.Equal(4, result.History.Count);

        void Refused(string difference, DataRanksOptions changed)
        {
            RankFailedException error = Assert.Throws<RankFailedException>(
                () => RankRuns.Train(Normalized, 2, group => new DataRanks(group, changed), options with { Epochs = 2 }));
            Assert.Contains(difference, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Timeline_holds_the_parts_of_each_step_and_the_exchange_of_each_bucket()
    {
        var timeline = new StepTimeline(TimeProvider.System);
        RankRuns.Train(
            RankRuns.Uneven, 2,
            group => new DataRanks(group, new DataRanksOptions { BucketMiB = 1e-3, Timeline = group.Rank == 0 ? timeline : null }),
            RankRuns.Options with { Epochs = 1, Timeline = timeline });
        JsonElement[] events =
            [.. JsonDocument.Parse(timeline.ToJson()).RootElement.GetProperty("traceEvents").EnumerateArray()];
        Assert.Equal(timeline.Count, events.Length);
        Assert.All(events, one => Assert.True(one.GetProperty("dur").GetDouble() >= 0 && one.GetProperty("ts").GetDouble() >= 0));
        ILookup<string, int> threads = events.ToLookup(
            one => one.GetProperty("name").GetString()!, one => one.GetProperty("tid").GetInt32());

        // 29 samples in batches of 12 are three steps. Both ranks record them here; rank 0 also records its buckets.
        Assert.Equal(6, threads["forward and backward"].Count());
        Assert.Equal(6, threads["optimizer"].Count());
        Assert.True(threads["all-reduce"].Count() >= 6);
        Assert.Single(threads["all-reduce"].Distinct());
        Assert.DoesNotContain(threads["all-reduce"].First(), threads["optimizer"]);
    }

    private static float[] Terms(int rank, int length)
    {
        float[] values = new float[length];
        RandomStream.FromSeed((ulong)(11 + rank)).FillGaussian(values);

        // A tie between two bfloat16 values, and a value without a larger neighbor.
        values[0] = BitConverter.UInt32BitsToSingle(0x3F80_8000);
        values[^1] = length > 2 ? float.PositiveInfinity : values[^1];
        return values;
    }

    /// <summary>Rounds to the nearest bfloat16 value, ties to even.</summary>
    private static float Nearest(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value) & 0xFFFF_0000;
        (float below, float above) = (BitConverter.UInt32BitsToSingle(bits), BitConverter.UInt32BitsToSingle(bits + 0x1_0000));
        (double down, double up) = (Math.Abs((double)value - below), Math.Abs((double)above - value));
        return !float.IsFinite(value) || down < up || (down == up && (bits & 0x1_0000) == 0) ? below : above;
    }
}
