using System.Text;
using Temper.Parallelism.Planning;
using Temper.Parallelism.Simulation;
using Temper.Reporting.Documents;

namespace Temper.Parallelism.Tests.Simulation;

/// <summary>Simulated steps against closed forms.</summary>
public sealed class SimulationTests
{
    [Theory]
    [InlineData("vgg-a", 16)]
    [InlineData("lenet-c", 4)]
    [InlineData("sfc", 1)]
    public void Paper_machine_is_the_two_term_formula(string name, int accelerators)
    {
        PlannedNetwork network = PaperNetworks.Create(name);
        PlanResult plan = Planner.Plan(network, new PlanOptions { Accelerators = accelerators });
        double expected = (6.0 * network.Layers.Sum(layer => layer.Macs) * 256 / (84e9 * accelerators)) + (plan.Bytes.Plan / 0.25e9);
        Assert.Equal(expected, StepSimulator.Run(plan, Machine.Paper(accelerators)).Seconds, expected * 1e-9);
    }

    [Fact]
    public void Overlap_hides_data_behind_computing_but_no_more()
    {
        PlanResult plan = Planner.Plan(PaperNetworks.Create("vgg-a"), new PlanOptions());
        SimulatedStep apart = StepSimulator.Run(plan, Machine.Paper(16)), overlapped = StepSimulator.Run(plan, Machine.Paper(16) with { Overlaps = true });
        Assert.True(overlapped.Seconds < apart.Seconds);
        Assert.True(overlapped.Seconds >= Math.Max(overlapped.ComputeSeconds, overlapped.CommunicationSeconds) * (1 - 1e-12));
        foreach (bool moves in new[] { false, true })
        {
            StepSegment[] segments = [.. overlapped.Segments.Where(segment => segment.IsCommunication == moves).OrderBy(segment => segment.Start)];
            Assert.All(segments.Zip(segments.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Start + 1e-12));
        }
    }

    [Fact]
    public void Rest_of_a_step_and_one_latency_for_all_gradients_of_a_bucket_are_added()
    {
        PlanResult plan = Planner.Plan(
            PaperNetworks.Create("vgg-a"), new PlanOptions { Accelerators = 2, Cost = CostKind.Exact });
        PlanResult data = Planner.Baseline(plan, _ => Split.Data);
        Machine machine = Machine.Paper(2) with { Topology = Topology.Bus(2, 0.25e9, latencySeconds: 1) };
        int layers = plan.Cost.Network.Layers.Count;
        double each = StepSimulator.Run(data, machine).Seconds;
        Machine one = machine with { BucketBytes = long.MaxValue, StepSeconds = 5, ShardedStepSeconds = 7 };
        double together = StepSimulator.Run(data, one).Seconds;
        Assert.Equal(each - (layers - 1) + 5, together, 1e-9);
        Machine rest = machine with { ShardedStepSeconds = 7 };
        PlanResult model = Planner.Baseline(plan, _ => Split.Input);
        Assert.Equal(StepSimulator.Run(model, machine).Seconds + 7, StepSimulator.Run(model, rest).Seconds, 1e-9);
        Assert.Equal(each, StepSimulator.Run(data, rest).Seconds);
    }

    [Fact]
    public void Links_are_shared_by_the_messages_that_cross_them()
    {
        // Halves of an H tree with 4 ranks: both ranks of a half send over its single link to the root. Neighbors have
        // separate links.
        Hierarchy four = Hierarchy.Of(4);
        (double SecondsPerByte, double Latency)[] tree = Topology.HTree(4, 1e9, 1e-6).Time([four.Peers(0), four.Peers(1)]);
        Assert.Equal((2e-9, 4e-6), (tree[0].SecondsPerByte, Math.Round(tree[0].Latency, 12)));
        Assert.Equal((1e-9, 2e-6), (tree[1].SecondsPerByte, Math.Round(tree[1].Latency, 12)));
        // 4 ranks form a torus of 2 x 2, not a ring: every rank has a link to both neighbors.
        Assert.All(Topology.Torus(4, 1e9).Time([four.Peers(0), four.Peers(1)]), level => Assert.Equal(1e-9, level.SecondsPerByte));
        // A bus carries one byte at a time for all ranks together.
        Assert.Equal(4e-9, Topology.Bus(4, 1e9).Time([four.Peers(0)])[0].SecondsPerByte);
    }

    [Fact]
    public void Torus_of_16_takes_two_links_to_the_other_half()
    {
        Hierarchy hierarchy = Hierarchy.Of(16);
        // The peer is two rows away on a ring of four rows. A message takes one of the two shortest paths, with two
        // links each, and shares each link with one other message.
        double seconds = Topology.Torus(16, 1e9).Time([hierarchy.Peers(0)])[0].SecondsPerByte;
        Assert.InRange(seconds, 1e-9, 2e-9);
    }

    [Fact]
    public void Slow_rank_gets_less_work_and_the_step_is_a_fifth_shorter()
    {
        PlannedNetwork network = PaperNetworks.Create("vgg-a");
        PlanResult plan = Planner.Plan(network, new PlanOptions { Accelerators = 4 });
        double[] speeds = [1, 1, 1, 0.5];
        double even = 6.0 * network.Layers.Sum(layer => layer.Macs) * 256 / 4 / (84e9 * 0.5);
        double fitted = StepSimulator.Run(plan, Machine.Paper(4) with { Speeds = speeds }).ComputeSeconds;
        Assert.InRange(fitted, 6.0 * network.Layers.Sum(layer => layer.Macs) * 256 / (84e9 * 3.5), even * 0.8);
        Assert.Contains("got 2 speeds, expected 0 or 4", Refusal(Machine.Paper(4) with { Speeds = [1, 1] }), StringComparison.Ordinal);
        Assert.Contains("got 8 accelerators, expected 4", Refusal(Machine.Paper(8)), StringComparison.Ordinal);

        string Refusal(Machine machine) => Assert.Throws<ArgumentException>(() => StepSimulator.Run(plan, machine)).Message;
    }

    [Fact]
    public void Thousands_of_accelerators_are_planned_and_simulated()
    {
        PlanResult plan = Planner.Plan(PaperNetworks.Create("vgg-e"), new PlanOptions { Accelerators = 4096, Batch = 8192, Search = SearchKind.Joint });
        SimulatedStep step = StepSimulator.Run(plan, Machine.Paper(4096) with { Topology = Topology.HTree(4096, 1e9) });
        Assert.True(step.Seconds > 0);
        Assert.Equal(plan.Bytes.Plan, plan.Bytes.LowerBound);
    }

    [Fact]
    public void Section_of_a_plan_has_its_picture_a_row_for_each_layer_and_can_be_drawn()
    {
        PlanResult plan = Planner.Plan(PaperNetworks.Create("vgg-a"), new PlanOptions { Search = SearchKind.Joint });
        Section section = PlanSection.Of(plan, PlanSteps.Of(plan, Machine.Paper(16)));
        Assert.Contains("conv8", Assert.Single(section.Blocks.OfType<Drawing>()).Svg, StringComparison.Ordinal);
        Assert.Contains(section.Blocks.OfType<DataTable>(), table => table.Rows.Count == plan.Plan.Layers.Count);
        Assert.Contains("not measured", new Report { Title = "plan", Sections = [section] }.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Data_parallelism_is_chosen_where_its_step_is_not_slower()
    {
        PlanResult plan = Planner.Plan(PaperNetworks.Create("vgg-e"), new PlanOptions { Accelerators = 64, Search = SearchKind.Joint });
        // With practically unlimited bandwidth only computation takes time, so data parallelism is not slower.
        PlanResult chosen = FasterPlan.Choose(plan, Machine.Paper(64) with { Topology = Topology.Bus(64, 1e30) });
        Assert.True(chosen.Plan.IsDataParallel);
        Assert.Contains(chosen.Notes, note => note.Contains("data parallelism is chosen", StringComparison.Ordinal));
        Assert.False(FasterPlan.Choose(plan, Machine.Paper(64)).Plan.IsDataParallel);
    }

    [Theory]
    [InlineData(8, -1.0, 0.0, "bandwidth is out of range (got -1 ")]
    [InlineData(8, 0.0, 0.0, "bandwidth is out of range (got 0 ")]
    [InlineData(8, double.NaN, 0.0, "bandwidth is out of range (got NaN ")]
    [InlineData(8, 1e9, -1.0, "latency is out of range (got -1 ")]
    [InlineData(8, 1e9, double.NaN, "latency is out of range (got NaN ")]
    [InlineData(-1, 1e9, 0.0, "got -1, expected 1 to 4096")]
    [InlineData(0, 1e9, 0.0, "got 0, expected 1 to 4096")]
    public void Impossible_topology_is_refused(int ranks, double rate, double latency, string why)
    {
        foreach (Func<int, double, double, Topology> create in (Func<int, double, double, Topology>[])[Topology.Bus, Topology.HTree, Topology.Torus])
        {
            Assert.Contains(why, Assert.Throws<ArgumentOutOfRangeException>(() => create(ranks, rate, latency)).Message, StringComparison.Ordinal);
        }

        Assert.ThrowsAny<ArgumentException>(() => Topology.Of("links", ranks, [new TopologyLink(0, 1, rate, latency)]));
        Assert.Throws<ArgumentException>(() => Topology.Of("links", 2, [new TopologyLink(0, 1, 1e9, 0), new TopologyLink(-1, 1, 1e9, 0)]));
    }

    [Fact]
    public void Machine_with_impossible_numbers_is_refused()
    {
        PlanResult plan = Planner.Plan(PaperNetworks.Create("sfc"), new PlanOptions { Accelerators = 2 });
        Machine machine = Machine.Paper(2);
        foreach (Machine wrong in (Machine[])
        [
            machine with { FlopsPerSecond = 0 }, machine with { FlopsPerSecond = double.NaN }, machine with { StepSeconds = -1 },
            machine with { ShardedStepSeconds = double.NaN }, machine with { BucketBytes = -1 }, machine with { JoulesPerMac = -1 },
            machine with { JoulesPerByte = double.NaN }, machine with { Speeds = [1, 0] }, machine with { Speeds = [1, double.NaN] },
        ])
        {
            Assert.Contains("is out of range (got ", Assert.Throws<ArgumentOutOfRangeException>(() => StepSimulator.Run(plan, wrong)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"kind": "ranks"}""")]
    [InlineData("""{"kind": "topology", "ranks": 0, "links": []}""")]
    [InlineData("""{"kind": "topology", "ranks": 3, "links": [{"between": [0, 1], "bytes_per_second": 1}]}""")]
    [InlineData("""{"kind": "topology", "ranks": 2, "links": [{"between": [0, 0], "bytes_per_second": 1}]}""")]
    [InlineData("""{"kind": "topology", "ranks": 2, "links": [{"between": [0, 1], "bytes_per_second": 0}]}""")]
    [InlineData("""{"kind": "topology", "ranks": 2, "links": [{"between": [0, 1], "bytes_per_second": 1, "latency_seconds": -1}]}""")]
    [InlineData("""{"kind": "topology", "ranks": 2, "links": [{"between": [0, 99999999], "bytes_per_second": 1}]}""")]
    public void Damaged_topology_is_refused(string text) =>
        Assert.Throws<InvalidDataException>(() => TopologyFile.Parse(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Topology_of_a_file_has_its_links_and_switches()
    {
        const string Text = """
            {"kind": "topology", "ranks": 2, "links": [
              {"between": [0, 2], "bytes_per_second": 1e9, "latency_seconds": 1e-6}, {"between": [2, 1], "bytes_per_second": 5e8}]}
            """;
        (double seconds, double latency) = TopologyFile.Parse(Encoding.UTF8.GetBytes(Text)).Time([[1, 0]])[0];
        Assert.Equal(2e-9, seconds);
        Assert.Equal(1e-6, latency);
    }
}
