using Temper.Data;
using Temper.Kernels;
using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Training.Evaluation;
using Xunit;

namespace Temper.Parallelism.Tests.Execution;

public sealed class SharedEvaluationTests
{
    /// <summary>29 samples in batches of 5 are 6 batches: a rank has three, two, one or none of them.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    public void Ranks_find_to_the_bit_what_one_finds(int ranks)
    {
        Network network = RankRuns.Uneven;
        Dataset data = RankRuns.Data(network);
        EvaluationResult one = Evaluator.Evaluate(network, data, batchSize: 5);
        foreach (EvaluationResult found in OnRanks(ranks, group => Evaluator.Evaluate(network, data, loss: null, new SampleRanks(group), batchSize: 5)))
        {
            AssertSame(one, found);
        }
    }

    [Fact]
    public void Ranks_count_samples_without_a_predicted_class_as_one_does()
    {
        Network broken = RankRuns.Uneven.WithParameters(RankRuns.Uneven.Parameters.Select(p => p with { Value = p.Value * float.NaN }));
        Dataset data = RankRuns.Data(RankRuns.Uneven);
        EvaluationResult one = Evaluator.Evaluate(broken, data, batchSize: 5);
        Assert.Equal(0, one.Accuracy);
        foreach (EvaluationResult found in OnRanks(2, group => Evaluator.Evaluate(broken, data, loss: null, new SampleRanks(group), batchSize: 5)))
        {
            Assert.Equal(one.Accuracy, found.Accuracy);
            Assert.Equal(one.Answers, found.Answers);
            Assert.Equal(one.Confusion!.ToString(), found.Confusion!.ToString());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Rank_0_evaluates_one_network_after_another_and_the_others_follow_until_it_ends(int ranks)
    {
        Dataset data = RankRuns.Data(RankRuns.Uneven, count: 700), few = data.Take(10), own = data.Take(20);
        Network[] networks = [RankRuns.Uneven, RankRuns.Uneven.WithParameters(RankRuns.Uneven.Parameters.Select(p => p with { Value = p.Value * 2f }))];
        var expected = networks.SelectMany(network => (EvaluationResult[])
            [Evaluator.Evaluate(network, data), Evaluator.Evaluate(network, few), Evaluator.Evaluate(network, own)]).ToArray();
        IReadOnlyList<EvaluationResult[]> found = OnRanks(ranks, group =>
        {
            using var shared = new SharedEvaluation(group, ("all", data), ("few", few));
            if (group.Rank > 0)
            {
                shared.Follow();
                return [];
            }

            // Only rank 0 has the last set.
            return networks.SelectMany(network => (EvaluationResult[])
                [.. new[] { data, few, own }.Select(set => shared.Evaluate(network, set, CancellationToken.None))]).ToArray();
        });
        Assert.Equal(expected.Length, found[0].Length);
        for (int i = 0; i < expected.Length; i++)
        {
            AssertSame(expected[i], found[0][i]);
        }
    }

    private static IReadOnlyList<T> OnRanks<T>(int ranks, Func<Communicator, T> body) => InProcessGroup.Run(ranks, group =>
    {
        using var pool = new WorkerPool(1);
        using WorkerPool.Usage usage = pool.Use();
        return body(group);
    });

    private static void AssertSame(EvaluationResult expected, EvaluationResult actual)
    {
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected.Loss), BitConverter.DoubleToInt64Bits(actual.Loss));
        Assert.Equal(expected.Accuracy, actual.Accuracy);
        Assert.Equal(expected.Answers, actual.Answers);
        Assert.Equal(expected.Confusion!.ToString(), actual.Confusion!.ToString());
    }
}
