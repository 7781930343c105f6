using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Parallelism.Planning;
using Temper.Peers.Measuring;

namespace Temper.Peers.Tables;

/// <summary>Time to find plans for accelerators on one thread, compared with its targets.</summary>
internal static class PlanTable
{
    /// <param name="arguments">Seconds per row.</param>
    public static int Run(string[] arguments)
    {
        double seconds = arguments.Length > 0 ? double.Parse(arguments[0], CultureInfo.InvariantCulture) : 1;
        using var pool = new WorkerPool(1);
        using WorkerPool.Usage usage = pool.Use();
        PlannedNetwork[] paper = [.. PaperNetworks.Names.Select(PaperNetworks.Create)];
        PlannedNetwork vgg = PaperNetworks.Create("vgg-e"), deep = Deep(1000), residual = Residual();
        PlanOptions exact = new() { Search = SearchKind.Joint, Cost = CostKind.Exact };
        var table = new TextTable("plan", "ms", "bar", "");
        Row(
            "ten networks of the paper, 16 accelerators", 100,
            () => Array.ForEach(paper, network => Planner.Plan(network, new PlanOptions())));
        Row("VGG-E, 16, exact search", 0.3, () => Search(vgg, exact));
        Row("VGG-E, 64, exact search", 3, () => Search(vgg, exact with { Accelerators = 64 }));
        Row("1,000 layers, 16, exact search", 15, () => Search(deep, exact));
        Row(
            $"{residual.Weighted.Count} layers with residuals, 64, exact search", 500,
            () => Search(residual, exact with { Accelerators = 64 }));
        Row(
            "VGG-E, 64, three kinds of splits", double.NaN,
            () => Search(vgg, exact with { Accelerators = 64, AllowsOutputSplit = true }));
        Row("VGG-E, 16, four kinds of splits", double.NaN, () => Search(vgg, exact with { AllowsSpaceSplit = true }));
        Again("1,000 layers, 16: a layer inserted", deep, exact);
        return 0;

        void Row(string name, double bar, Action plan)
        {
            double ms = 1000 * Rounds.Measure([new Contender(name, plan)], seconds)[0];
            table.Row(name, Text(ms), double.IsNaN(bar) ? "" : Text(bar), ms > bar ? "SHORT" : "");
        }

        // A search after an inserted layer reuses everything but that layer. Target: a tenth of the time of a full
        // search.
        void Again(string name, PlannedNetwork network, PlanOptions options)
        {
            PlanCost cost = Planner.CostOf(network, options);
            var session = new JointSearch(cost);
            int middle = network.Layers.Count / 2;
            session.Find(last: 0);
            session.Find(last: network.Layers.Count - 1);
            int weights = 1000;
            double full = 1000 * Rounds.Measure([new Contender("full", () => Search(network, options))], seconds)[0];
            double again = 1000 * Rounds.Measure(
                [
                    new Contender(name, () =>
                    {
                        PlannedNetwork grown = network.Insert(
                            middle, network.Layers[middle] with { Name = "new", Weights = weights++ });
                        session.Find(Planner.CostOf(grown, options), last: middle);
                    }),
                ],
                seconds)[0];
            table.Row(name, Text(again), Text(full / 10), again > full / 10 ? "SHORT" : "");
        }
    }

    private static void Search(PlannedNetwork network, PlanOptions options) =>
        new JointSearch(Planner.CostOf(network, options)).Find();

    private static PlannedNetwork Deep(int layers) =>
        PlannedNetwork.Chain("deep", [.. Enumerable.Range(0, layers).Select(i => new PlannedLayer
    {
        Name = $"conv{i}", IsConvolution = true, Weights = 9L * (64 + i) * 64, Inputs = i == 0 ? 0 : 4096 + i,
        Outputs = 4097 + i, Macs = 1000, InChannels = 64, OutChannels = 64,
    })]);

    /// <summary>
    /// Returns a network like ResNet-152, with 3, 8, 36 and 3 bottleneck blocks of three convolutions.
    /// </summary>
    private static PlannedNetwork Residual() => NetworkLayers.Of(
        Network.Build(InputSpec.Image(channels: 3, height: 224, width: 224), x =>
        {
            x = x.Conv2d(64, kernel: 7, stride: 2, padding: 3, bias: false).BatchNorm().Relu().MaxPool2d(2);
            int[] blocks = [3, 8, 36, 3];
            for (int stage = 0; stage < blocks.Length; stage++)
            {
                for (int block = 0; block < blocks[stage]; block++)
                {
                    x = Block(x, 64 << stage, stride: stage > 0 && block == 0 ? 2 : 1, isFirst: block == 0);
                }
            }

            return x.GlobalAvgPool2d().Flatten().Linear(1000);
        }),
        "resnet-152");

    private static Value Block(Value x, int width, int stride, bool isFirst)
    {
        Value y = x.Conv2d(width, kernel: 1, bias: false).BatchNorm().Relu().Conv2d(
            width, kernel: 3, stride: stride, padding: 1, bias: false).BatchNorm().Relu()
            .Conv2d(4 * width, kernel: 1, bias: false).BatchNorm();
        return (y + (isFirst ? x.Conv2d(4 * width, kernel: 1, stride: stride, bias: false).BatchNorm() : x)).Relu();
    }

    private static string Text(double ms) => ms.ToString("G3", CultureInfo.InvariantCulture);
}
