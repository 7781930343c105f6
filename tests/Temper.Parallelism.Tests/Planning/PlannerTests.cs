using System.Text;
using Temper.Networks;
using Temper.Parallelism.Planning;
using Temper.Parallelism.Simulation;
using Temper.Testing;

namespace Temper.Parallelism.Tests.Planning;

/// <summary>Planning of networks, memory limits, and plan files.</summary>
public sealed class PlannerTests
{
    [Fact]
    public void Network_of_the_zoo_has_the_sizes_of_the_papers_lenet()
    {
        PlannedNetwork read = NetworkLayers.Of(NetworkZoo.Create("lenet-5-caffe"), "lenet"), paper = PaperNetworks.Create("lenet-c");
        Assert.True(read.IsChain);
        foreach ((PlannedLayer actual, PlannedLayer expected) in read.Layers.Zip(paper.Layers))
        {
            Assert.Equal(
                (expected.Weights, expected.Inputs, expected.Outputs, expected.Macs, expected.InChannels, expected.OutChannels),
                (actual.Weights, actual.Inputs, actual.Outputs, actual.Macs, actual.InChannels, actual.OutChannels));
        }

        // Partial sums are added before pooling, where there are four times as many elements.
        Assert.Equal(4 * read.Layers[0].Outputs, read.Layers[0].PartialSums);
    }

    [Fact]
    public void Residual_network_is_planned_with_its_branches()
    {
        PlannedNetwork network = NetworkLayers.Of(NetworkZoo.Create("resnet-20"), "resnet-20");
        Assert.False(network.IsChain);
        PlanResult joint = Planner.Plan(network, new PlanOptions { Accelerators = 8, Cost = CostKind.Exact, Search = SearchKind.Joint });
        PlanResult greedy = Planner.Plan(network, new PlanOptions { Accelerators = 8, Cost = CostKind.Exact });
        Assert.True(joint.Bytes.Plan <= greedy.Bytes.Plan && joint.Bytes.Plan <= joint.Bytes.Data);
        Assert.Equal(joint.Bytes.Plan, joint.Bytes.LowerBound, joint.Bytes.Plan * 1e-12);
        Assert.Equal(network.Weighted.Count, joint.Plan.Levels[0].Length);
    }

    [Fact]
    public void More_kinds_of_splits_are_never_worse()
    {
        PlanOptions options = new() { Cost = CostKind.Exact, Search = SearchKind.Joint };
        foreach (string name in new[] { "sfc", "cifar-c", "vgg-a" })
        {
            PlannedNetwork network = PaperNetworks.Create(name);
            double two = Planner.Plan(network, options).Bytes.Plan, three = Planner.Plan(network, options with { AllowsOutputSplit = true }).Bytes.Plan;
            double four = Planner.Plan(network, options with { AllowsSpaceSplit = true }).Bytes.Plan;
            Assert.True(three <= two && four <= three, $"{name}: {two}, {three}, {four}");
        }

        // Linear layers alternate between splits of output and input channels, so nothing is summed between them.
        PlannedNetwork sfc = PaperNetworks.Create("sfc");
        Assert.True(Planner.Plan(sfc, options with { AllowsOutputSplit = true }).Bytes.Plan < 0.7 * Planner.Plan(sfc, options).Bytes.Plan);
    }

    [Fact]
    public void Strips_read_the_rows_that_kernels_reach_over_the_border()
    {
        // 3x3 with padding: one row from either side crosses each of the three borders between four strips.
        Assert.Equal(2 * 3 * 100, new PlannedRows(16, 16, 16, 3, 1, 1, 100).Halo(4));
        // 1x1: none. Stride 2, kernel 2: none. 5x5 without padding, 28 to 24 rows in two strips: the first strip also
        // reads rows 14 and 15, the second rows 12 and 13.
        Assert.Equal(0, new PlannedRows(16, 16, 16, 1, 1, 0, 100).Halo(4));
        Assert.Equal(0, new PlannedRows(16, 8, 8, 2, 2, 0, 100).Halo(4));
        Assert.Equal(400, new PlannedRows(28, 24, 12, 5, 1, 0, 100).Halo(2));
    }

    [Fact]
    public void Memory_limit_is_met_by_saving_first_then_by_other_plans_or_refused()
    {
        PlannedNetwork network = PaperNetworks.Create("vgg-a");
        PlanOptions options = new() { Accelerators = 4, Search = SearchKind.Joint };
        PlanResult free = Planner.Plan(network, options);
        PlanResult saving = Planner.Plan(network, options with { MemoryLimit = free.RankMemory * 0.8 });
        Assert.Equal(free.Plan.Levels, saving.Plan.Levels);
        Assert.NotEqual(MemorySaving.None, saving.Saving);
        var error = Assert.Throws<InfeasiblePlanException>(() => Planner.Plan(network, options with { MemoryLimit = 1e6 }));
        double needed = double.Parse(System.Text.RegularExpressions.Regex.Match(error.Message, @"needs (\d+) MiB").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        PlanResult smallest = Planner.Plan(network, options with { MemoryLimit = needed * (1 << 20) });
        Assert.True(smallest.RankMemory <= needed * (1 << 20));
        Assert.Throws<InfeasiblePlanException>(() => Planner.Plan(network, options with { MemoryLimit = (needed - 1) * (1 << 20) }));
    }

    /// <summary>
    /// Two linear layers, 4 to 3 to 2, on 8 samples and 2 accelerators: 12 and 6 weights. Each value has 4 bytes.
    /// </summary>
    [Theory]
    [InlineData("00", MemorySaving.None, (3 * 18) + (4 * (4 + 3 + (2 * (3 + 2)))))]
    [InlineData("00", MemorySaving.ShardedOptimizer, (2.5 * 18) + (4 * (4 + 3 + (2 * (3 + 2)))))]
    [InlineData("00", MemorySaving.Recompute, (3 * 18) + (4 * (4 + 3 + (2 * 3))))]
    [InlineData("01", MemorySaving.None, (3 * (12 + 3)) + (4 * (4 + (2 * 3))) + (8 * (1.5 + (2 * 1))))]
    [InlineData("02", MemorySaving.None, (3 * (12 + 3)) + (4 * (4 + (2 * 3))) + (8 * (3 + (2 * 1))))]
    public void Memory_is_weights_gradients_and_momentum_the_data_and_all_inputs_outputs_and_errors(string level, MemorySaving saving, double values)
    {
        PlannedNetwork network = NetworkLayers.Of(Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "fc1").Relu().Linear(2, name: "fc2")), "two");
        var plan = new RankPlan { Network = "two", Layers = ["fc1", "fc2"], Accelerators = 2, Batch = 8, Levels = [level] };
        PlanResult found = Planner.Evaluate(network, plan, new PlanOptions { Cost = CostKind.Exact, AllowsOutputSplit = true });
        Assert.Equal(4 * values, new RankMemory(found.Cost, 1).Plan(found.Patterns, saving), 1e-9);
        Assert.True(saving != MemorySaving.None || found.RankMemory == 4 * values);
    }

    [Fact]
    public void Notes_are_about_the_plan_that_fits_into_the_memory()
    {
        PlannedNetwork network = PaperNetworks.Create("sconv");
        PlanOptions options = new() { Search = SearchKind.Joint, OptimizerStates = 2 };
        PlanResult free = Planner.Plan(network, options);
        Assert.True(free.Plan.IsDataParallel);
        Assert.Contains(free.Notes, IsDataChosen);
        double least = 0.97 * new RankMemory(free.Cost, 2).Plan(free.Patterns, MemorySaving.Recompute | MemorySaving.ShardedOptimizer);
        PlanResult small = Planner.Plan(network, options with { MemoryLimit = least });
        Assert.False(small.Plan.IsDataParallel);
        Assert.True(small.RankMemory <= least);
        Assert.DoesNotContain(small.Notes, IsDataChosen);
        Assert.Contains(small.Notes, note => note.Contains("does not fit into the memory", StringComparison.Ordinal));

        static bool IsDataChosen(string note) => note.StartsWith("data parallelism is chosen", StringComparison.Ordinal);
    }

    [Fact]
    public void A_given_plan_is_held_to_the_memory_limit()
    {
        PlannedNetwork network = PaperNetworks.Create("vgg-a");
        PlanOptions options = new() { Accelerators = 4, Search = SearchKind.Joint };
        PlanResult free = Planner.Plan(network, options);
        PlanResult saving = Planner.Evaluate(network, free.Plan, options with { MemoryLimit = free.RankMemory - 1 });
        Assert.NotEqual(MemorySaving.None, saving.Saving);
        Assert.Equal(free.Plan.Levels, saving.Plan.Levels);
        Assert.True(saving.RankMemory < free.RankMemory);
        var error = Assert.Throws<InfeasiblePlanException>(() => Planner.Evaluate(network, free.Plan, options with { MemoryLimit = 1e6 }));
        Assert.Matches(@"needs \d+ MiB", error.Message);
    }

    [Theory]
    [InlineData(0.25, "0.25 MiB per rank")]
    [InlineData(0.001, "0.001 MiB per rank")]
    [InlineData(2.0, "2 MiB per rank")]
    public void A_memory_limit_is_named_as_given(double mebibytes, string named)
    {
        PlannedNetwork network = PaperNetworks.Create("vgg-a");
        PlanOptions options = new() { Accelerators = 4, MemoryLimit = mebibytes * (1 << 20) };
        RankPlan plan = Planner.Plan(network, options with { MemoryLimit = null }).Plan;
        foreach (Action refused in (Action[])[() => Planner.Plan(network, options), () => Planner.Evaluate(network, plan, options)])
        {
            Assert.Contains($" into {named};", Assert.Throws<InfeasiblePlanException>(refused).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-1.0)]
    public void A_memory_limit_that_is_no_amount_is_refused(double limit)
    {
        PlannedNetwork network = PaperNetworks.Create("lenet-c");
        PlanOptions options = new() { Accelerators = 4, MemoryLimit = limit };
        PlanResult free = Planner.Plan(network, options with { MemoryLimit = null });
        foreach (Action refused in (Action[])[() => Planner.Plan(network, options), () => Planner.Evaluate(network, free.Plan, options), () => FasterPlan.Choose(free, Machine.Paper(4), limit)])
        {
            Assert.Contains("the memory limit is out of range", Assert.Throws<ArgumentOutOfRangeException>(refused).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Branches_over_thousands_of_accelerators_are_planned_evaluated_and_capped_without_tables()
    {
        PlannedNetwork network = NetworkLayers.Of(NetworkZoo.Create("resnet-20"), "resnet-20");
        PlanOptions options = new() { Accelerators = 2048, Batch = 4096, Cost = CostKind.Exact, Search = SearchKind.Joint };
        PlanResult result = Planner.Plan(network, options);
        Assert.True(result.Bytes.LowerBound <= result.Bytes.Plan && result.Bytes.Plan <= result.Bytes.Data);
        Assert.Equal(result.Bytes.Plan, Planner.Evaluate(network, result.Plan, options).Bytes.Plan);
        SimulatedStep step = StepSimulator.Run(FasterPlan.Choose(result, Machine.Paper(2048)), Machine.Paper(2048));
        Assert.True(step.Seconds > 0);
        double least = new RankMemory(result.Cost, 1).Plan(result.Patterns, MemorySaving.Recompute | MemorySaving.ShardedOptimizer) * 0.97;
        Assert.True(Planner.Plan(network, options with { MemoryLimit = least }).RankMemory <= least);
    }

    [Fact]
    public void A_search_can_be_canceled()
    {
        PlannedNetwork network = NetworkLayers.Of(NetworkZoo.Create("resnet-20"), "resnet-20");
        var canceled = new CancellationToken(canceled: true);
        PlanOptions options = new() { Cost = CostKind.Exact, Search = SearchKind.Joint };
        Assert.Throws<OperationCanceledException>(() => Planner.Plan(network, options, canceled));
        RankPlan plan = Planner.Plan(network, options).Plan;
        Assert.Throws<OperationCanceledException>(() => Planner.Evaluate(network, plan, options, canceled));
        Assert.Throws<OperationCanceledException>(() => new PlanSession(network, options, canceled));
    }

    [Fact]
    public void Plan_survives_its_file_and_a_picture_names_its_layers()
    {
        PlannedNetwork network = NetworkLayers.Of(NetworkZoo.Create("resnet-20"), "resnet-20");
        PlanResult result = Planner.Plan(network, new PlanOptions { Accelerators = 4, Cost = CostKind.Exact, AllowsOutputSplit = true });
        string text = RankPlanJson.Write(result.Plan);
        RankPlan read = RankPlanJson.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Equal(text, RankPlanJson.Write(read));
        PlanResult again = Planner.Evaluate(network, read, new PlanOptions { Cost = CostKind.Exact, AllowsOutputSplit = true });
        Assert.Equal(result.Bytes.Plan, again.Bytes.Plan);
        Assert.Throws<ArgumentException>(() => Planner.Evaluate(PaperNetworks.Create("sfc"), read, new PlanOptions()));
        Assert.Contains("conv1", PlanPicture.Draw(result, StepSimulator.Run(result, Machine.Paper(4))), StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_plans_are_refused()
    {
        byte[] good = Encoding.UTF8.GetBytes(RankPlanJson.Write(Planner.Plan(PaperNetworks.Create("lenet-c"), new PlanOptions()).Plan).TrimEnd());
        HostileBytes.RefusesEveryBeginning<InvalidDataException>(good, file => RankPlanJson.Parse(file));
        HostileBytes.Survives<InvalidDataException>(good, file => RankPlanJson.Parse(file));
    }

    [Fact]
    public void What_cannot_be_planned_is_refused_with_its_reason()
    {
        Assert.Contains("no layer with weights", Assert.Throws<ArgumentException>(() =>
            NetworkLayers.Of(Network.Build(new InputSpec { SampleShape = [4] }, x => x.Relu()), "relu")).Message, StringComparison.Ordinal);
        PlannedNetwork lenet = PaperNetworks.Create("lenet-c");
        Assert.Contains("1 to 4096", Assert.Throws<ArgumentOutOfRangeException>(() => Planner.Plan(lenet, new PlanOptions { Accelerators = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be divided", Assert.Throws<InfeasiblePlanException>(() =>
            Planner.Plan(lenet, new PlanOptions { Accelerators = 4096, Batch = 2 })).Message, StringComparison.Ordinal);
        PlanResult small = Planner.Plan(PaperNetworks.Create("sfc"), new PlanOptions { Batch = 4 });
        Assert.Contains(small.Notes, note => note.Contains("fewer than 16", StringComparison.Ordinal));
        Assert.Contains("data parallelism is chosen", Assert.Single(Planner.Plan(PaperNetworks.Create("sconv"), new PlanOptions()).Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_of_accelerators_are_divided_by_their_prime_factors()
    {
        Assert.Equal([2, 2, 3], Hierarchy.Of(12).Groups);
        Assert.Equal([7], Hierarchy.Of(7).Groups);
        Assert.Empty(Hierarchy.Of(1).Groups);
        PlanResult twelve = Planner.Plan(PaperNetworks.Create("vgg-a"), new PlanOptions { Accelerators = 12, Batch = 240, Search = SearchKind.Joint });
        Assert.Equal(8.0 * 11 * 132851392, Planner.Plan(PaperNetworks.Create("vgg-a"), new PlanOptions { Accelerators = 12, Batch = 240 }).Bytes.Data, 1e3);
        Assert.Equal(twelve.Bytes.Plan, twelve.Bytes.LowerBound);
    }
}
