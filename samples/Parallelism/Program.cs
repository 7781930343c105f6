using Temper.Networks;
using Temper.Parallelism.Planning;
using Temper.Parallelism.Simulation;
using Temper.Reporting.Documents;

namespace Temper.ParallelismSample;

/// <summary>
/// Plans a residual network over accelerators, compares the plan with the standard forms of parallelism, and writes a
/// report. <c>--tiny</c> plans a smaller network.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        bool isTiny = arguments.Contains("--tiny", StringComparer.Ordinal);
        string name = isTiny ? "lenet-5" : "resnet-20";
        int accelerators = isTiny ? 4 : 16;
        PlannedNetwork network = NetworkLayers.Of(NetworkZoo.Create(name), name);

        // The exact number of bytes that shards move, a joint search over all levels, and output channels as a third
        // way to split a kernel.
        var options = new PlanOptions
        {
            Accelerators = accelerators, Batch = 256, Cost = CostKind.Exact, Search = SearchKind.Joint,
            AllowsOutputSplit = true,
        };
        PlanResult result = Planner.Plan(network, options);
        for (int level = 0; level < result.Plan.Levels.Count; level++)
        {
            Console.WriteLine($"level {level + 1}: {result.Plan.Levels[level]}");
        }

        // Simulates a step on accelerators with 84 GFLOP/s, connected by an H tree of 1 GB/s links.
        Machine machine = Machine.Paper(accelerators) with
        {
            Name = "H tree, 1 GB/s", Topology = Topology.HTree(accelerators, bytesPerSecond: 1e9), Overlaps = true,
        };
        var steps = PlanSteps.Of(result, machine);
        Console.WriteLine(
            $"{result.Bytes.Plan / 1e6:F2} MB per step, data parallel {result.Bytes.Data / 1e6:F2} MB; "
            + $"simulated {steps.Plan.Seconds * 1e3:F3} ms, data parallel {steps.Data.Seconds * 1e3:F3} ms");

        string report = Path.Combine(Path.GetTempPath(), "temper-plan.html");
        new Report
        {
            Title = $"{name} over {accelerators} accelerators", Sections = [PlanSection.Of(result, steps)],
        }.Save(report);
        Console.WriteLine($"report: {report}");
        return 0;
    }
}
