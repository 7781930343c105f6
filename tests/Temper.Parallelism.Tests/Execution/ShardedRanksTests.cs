using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Kernels;
using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Parallelism.Planning;
using Temper.Testing.Edits;
using Temper.Training;
using Temper.Training.Evaluation;
using Xunit;

namespace Temper.Parallelism.Tests.Execution;

public sealed class ShardedRanksTests
{
    private const int Batch = 8;

    /// <summary>
    /// With two ranks, every way to split four layers by samples, input channels or output channels; with four, every
    /// 37th.
    /// </summary>
    public static TheoryData<int> Ranks => [2, 4];

    [Theory]
    [MemberData(nameof(Ranks))]
    public void Bytes_that_ranks_send_in_a_step_are_those_that_were_planned(int ranks)
    {
        Network network = RankRuns.Even;
        foreach (RankPlan plan in Plans(ranks))
        {
            double planned = Planner.Evaluate(NetworkLayers.Of(network, "network"), plan, new PlanOptions
            {
                Accelerators = ranks, Batch = Batch, Cost = CostKind.Exact, AllowsOutputSplit = true,
            }).Bytes.Plan;
            long counted = BytesOfStep(network, plan);
            Assert.True(planned == counted, $"{string.Join(' ', plan.Levels)}: planned {planned}, counted {counted}");
        }
    }

    [Theory]
    [InlineData(2, "1111")]
    [InlineData(2, "0121")]
    [InlineData(2, "2222")]
    [InlineData(2, "0012")]
    [InlineData(3, "0110")]
    [InlineData(3, "2101")]
    [InlineData(4, "0012", "1201")]
    [InlineData(4, "0011", "0110")]
    [InlineData(4, "0000", "1111")]
    [InlineData(4, "0000", "0000")]
    public void Losses_and_weights_are_those_of_one_rank(int ranks, params string[] levels) => AssertSameAsOneRank(RankRuns.Uneven, ranks, levels);

    /// <summary>As in ONNX files, whose parameters have names of their own.</summary>
    [Fact]
    public void Parameters_need_not_be_named_after_their_nodes() => AssertSameAsOneRank(OutsideNames.Of(RankRuns.Uneven), 2, "0121");

    private static void AssertSameAsOneRank(Network network, int ranks, params string[] levels)
    {
        (TrainingResult one, double[] expected) = RankRuns.Train(network, 1, _ => TrainingRanks.One);
        (TrainingResult many, double[] actual) = RankRuns.Train(
            network, ranks, group => new ShardedRanks(group, network, RankRuns.Plan(network, ranks, levels)));
        RankRuns.AssertClose(expected, actual);
        foreach (Parameter parameter in one.Last.Parameters)
        {
            float worst = parameter.Value.ToArray<float>().Zip(many.Last.Parameters[parameter.Name].Value.ToArray<float>(), (a, b) => MathF.Abs(a - b)).Max();
            Assert.True(worst < 1e-5f, $"{parameter.Name} differs by {worst}");
        }
    }

    [Fact]
    public void Run_resumes_under_another_plan()
    {
        string folder = Directory.CreateTempSubdirectory("temper-shards").FullName;
        try
        {
            Network network = RankRuns.Uneven;
            TrainingOptions options = RankRuns.Options with { CheckpointFolder = folder };
            (_, double[] expected) = RankRuns.Train(network, 1, _ => TrainingRanks.One);
            RankRuns.Train(network, 4, group => new ShardedRanks(group, network, RankRuns.Plan(network, 4, "0012", "1201")), options with { Epochs = 1 });
            RankRuns.Train(network, 3, group => new ShardedRanks(group, network, RankRuns.Plan(network, 3, "2101")), options with { Epochs = 2 });
            (_, double[] rest) = RankRuns.Train(network, 1, _ => TrainingRanks.One, options);
            RankRuns.AssertClose(expected[^rest.Length..], rest);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// Each epoch adds a layer: all ranks plan again, and the previous weights and momentum are preserved.
    /// </summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Growing_network_is_planned_anew_and_trains_as_on_one_rank(int ranks)
    {
        Network network = RankRuns.Uneven;
        (TrainingResult one, double[] expected) = RankRuns.Train(network, 1, _ => TrainingRanks.One, RankRuns.Options with { Edits = [new LayerMore()] });
        IReadOnlyList<(TrainingResult Result, double[] Losses)> many = RankRuns.TrainAll(
            network, ranks, group => new ShardedRanks(group, network, Plan), RankRuns.Options with { Edits = [new LayerMore()] });
        RankRuns.AssertClose(expected, many[0].Losses);
        Assert.All(many, rank => Assert.Equal(one.Last.Parameters.Select(p => p.Name), rank.Result.Last.Parameters.Select(p => p.Name)));
        Assert.Equal(network.Parameters.Count + 6, one.Last.Parameters.Count);

        // Changes the split of each layer after each growth.
        RankPlan Plan(Network current)
        {
            int layers = current.Nodes.Count(node => node.Operator is Conv2d or Linear);
            string Level(int shift) => string.Concat(Enumerable.Range(0, layers).Select(i => (char)('0' + ((i + layers + shift) % 3))));
            return RankRuns.Plan(current, ranks, ranks == 2 ? [Level(0)] : [Level(0), Level(1)]);
        }
    }

    [Fact]
    public void Growing_run_resumes_under_another_plan()
    {
        string folder = Directory.CreateTempSubdirectory("temper-shards").FullName;
        try
        {
            Network network = RankRuns.Uneven;
            (_, double[] expected) = RankRuns.Train(network, 1, _ => TrainingRanks.One, RankRuns.Options with { Edits = [new LayerMore()] });
            TrainingOptions options = RankRuns.Options with { CheckpointFolder = folder };
            RankRuns.Train(network, 2, group => new ShardedRanks(group, network, Plan('1')), options with { Epochs = 2, Edits = [new LayerMore()] });
            (_, double[] rest) = RankRuns.Train(network, 2, group => new ShardedRanks(group, network, Plan('2')), options with { Edits = [new LayerMore()] });
            RankRuns.AssertClose(expected[^rest.Length..], rest);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static Func<Network, RankPlan> Plan(char split) =>
            current => RankRuns.Plan(current, 2, new string(split, current.Nodes.Count(node => node.Operator is Conv2d or Linear)));
    }

    [Theory]
    [InlineData("a different number of ranks", 4, "0000", "0000")]
    [InlineData("rows of images", 2, "3000")]
    [InlineData("too small", 2, "1000")]
    public void Plans_that_cannot_run_are_refused_before_the_first_step(string reason, int ranks, params string[] levels)
    {
        Network network = Network.Build(new InputSpec { SampleShape = [1, 10, 10] }, x => x
            .Conv2d(4, kernel: 3).Relu().Conv2d(4, kernel: 3).Flatten().Linear(6).Linear(4)).Initialize(Randomness.RandomStream.FromSeed(1));
        RankFailedException error = Assert.Throws<RankFailedException>(
            () => RankRuns.Train(network, 2, group => new ShardedRanks(group, network, RankRuns.Plan(network, ranks, levels))));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    /// <summary>A weight of one rank becomes NaN in the last step of the epoch, so that no loss shows it.</summary>
    [Fact]
    public void A_shard_that_is_not_finite_ends_the_training_of_all_ranks()
    {
        Network network = RankRuns.Uneven;
        Dataset data = RankRuns.Data(network);
        IReadOnlyList<string> messages = InProcessGroup.Run(2, group =>
        {
            using var pool = new WorkerPool(1);
            using WorkerPool.Usage usage = pool.Use();
            using var sharded = new ShardedRanks(group, network, RankRuns.Plan(network, 2, "1111"));
            TrainingOptions options = RankRuns.Options with { Ranks = new BrokenRanks(sharded, group.Rank == 1 ? 3 : 0) };
            string message = Assert.Throws<TrainingDivergedException>(() => Trainer.Fit(network, data, data, options)).Message;
            group.Barrier();            // the ranks are still in step
            return message;
        });
        Assert.Contains("another rank after step 3", messages[0], StringComparison.Ordinal);
        Assert.Contains("conv1.weight after step 3", messages[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Best_network_does_not_follow_an_edit_that_applies_gradients()
    {
        Network network = RankRuns.Uneven;
        Dataset data = RankRuns.Data(network);
        (TrainingResult run, _) = RankRuns.Train(
            network, 2, group => new ShardedRanks(group, network, current => RankRuns.Plan(current, 2, "0121")),
            RankRuns.Options with { Edits = [new StepMore(data.Read(0, 5).Inputs)] });
        Assert.Equal(run.History[run.BestEpoch].ValidationLoss, Evaluator.Evaluate(run.Network, data).Loss, 6);
    }

    private static IEnumerable<RankPlan> Plans(int ranks)
    {
        int levels = ranks == 2 ? 1 : 2, count = (int)Math.Pow(3, 4 * levels);
        for (int number = 0; number < count; number += ranks == 2 ? 1 : 37)
        {
            string digits = "";
            for (int i = 0, rest = number; i < 4 * levels; i++, rest /= 3)
            {
                digits += (char)('0' + (rest % 3));
            }

            yield return RankRuns.Plan(RankRuns.Even, ranks, [.. digits.Chunk(4).Select(level => new string(level))]) with { Batch = Batch };
        }
    }

    /// <summary>
    /// Bytes sent by all ranks in one forward and backward pass with the sums of gradients, without the trainer.
    /// </summary>
    private static long BytesOfStep(Network network, RankPlan plan)
    {
        Dataset data = RankRuns.Data(network, Batch);
        (Tensors.Tensor inputs, Tensors.Tensor targets) = data.Read(0, Batch);
        return InProcessGroup.Run(plan.Accelerators, group =>
        {
            using var pool = new WorkerPool(1);
            using WorkerPool.Usage usage = pool.Use();
            using var ranks = new ShardedRanks(group, network, plan);
            using var learner = new Learner(network, RankRuns.Options.ForLearner());
            ranks.Begin(learner, RankRuns.Options);
            Batch own = ranks.Share(new Batch(inputs, targets, 0), Batch);
            using Gradients gradients = learner.Gradients((net, pass) => net.Forward(own.Inputs, pass).CrossEntropy(own.Targets), ranks.Request(new GradientRequest()));
            ranks.Reduce(gradients);
            return ranks.BytesSent;
        }).Sum();
    }

    /// <summary>Ranks whose gradients hold a NaN in one step, counted from 1; 0: in none.</summary>
    private sealed class BrokenRanks(ShardedRanks inner, int brokenStep) : TrainingRanks
    {
        private int _steps;

        public override BatchPart Part => inner.Part;

        public override BatchPart LoadedPart => inner.LoadedPart;

        public override void Begin(Learner learner, TrainingOptions options) => inner.Begin(learner, options);

        public override Batch Share(Batch batch, int samples) => inner.Share(batch, samples);

        public override void Sum(Span<double> values) => inner.Sum(values);

        public override Learner Whole(Learner learner) => inner.Whole(learner);

        public override void Reduce(Gradients gradients)
        {
            inner.Reduce(gradients);
            if (++_steps == brokenStep)
            {
                gradients["conv1.weight"][0] = float.NaN;
            }
        }
    }

    /// <summary>Makes a large step of its own after each epoch.</summary>
    private sealed class StepMore(Tensors.Tensor inputs) : IEpochEdit
    {
        public string Name => "step-more";

        public void AfterEpoch(Learner learner, EpochResult epoch)
        {
            using Gradients gradients = learner.Gradients((net, pass) => net.Forward(inputs, pass).Mean());
            learner.Apply(gradients, rateFactor: 100);
        }

        public JsonNode? Save() => null;

        public void Restore(JsonNode? state)
        {
        }

        public JsonNode Fingerprint() => new JsonObject();
    }

    /// <summary>
    /// Inserts a linear layer before the last one after each epoch. It is stateless, so that ranks may share it.
    /// </summary>
    private sealed class LayerMore : IEpochEdit
    {
        public string Name => "layer-more";

        public void AfterEpoch(Learner learner, EpochResult epoch)
        {
            string name = $"more{epoch.Epoch}", last = learner.Network.Nodes.Last(node => node.Operator.Kind is "Relu").Name;
            learner.Edit(network => network.Splice(last, (Value x) => x.Linear(x.Shape[1], bias: true, name).Relu(), Randomness.RandomStream.FromSeed(7).Split(name)));
        }

        public JsonNode? Save() => null;

        public void Restore(JsonNode? state)
        {
        }

        public JsonNode Fingerprint() => new JsonObject();
    }
}
