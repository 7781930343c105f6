using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Tensors.Memory;

namespace Temper.Peers.Tables;

/// <summary>
/// Overhead, in a compiled network, of an operator without a specialized kernel: the time of its plan step between two
/// convolutions, compared with the tensor operation on an image in memory. Target: at most 20 us and 1 KiB per run.
/// </summary>
internal static class OperatorsTable
{
    private const double BarMicroseconds = 20, BarBytes = 1024;

    private static readonly (string Name, Operator Operator, Func<Tensor, Tensor> Alone)[] Works =
    [
        ("tanh", new Tanh(), x => x.Tanh()),
        ("sigmoid", new Sigmoid(), x => x.Sigmoid()),
        ("softmax over channels", new Networks.Softmax(1), x => x.Softmax(1)),
    ];

    /// <param name="arguments">Seconds per row.</param>
    public static int Run(string[] arguments)
    {
        double seconds = arguments.Length > 0 ? double.Parse(arguments[0], CultureInfo.InvariantCulture) : 2;
        var table = new TextTable(
            "operator on [1, 48, 32, 32]", "alone us", "bytes", "step us", "bytes", "extra us", "extra bytes", "");
        using var pool = new WorkerPool(threads: 2);
        using WorkerPool.Usage usage = pool.Use();
        foreach ((string name, Operator operation, Func<Tensor, Tensor> alone) in Works)
        {
            Network network = Network.Build(
                InputSpec.Image(48, 32, 32), x => x.Conv2d(48, kernel: 1).Apply(operation).Conv2d(48, kernel: 1))
                .Initialize(RandomStream.FromSeed(1));
            using CompiledNetwork compiled = CompiledNetwork.Compile(network);
            ExecutionPlan plan = compiled.PlanFor(1).Steps;
            using var memory = new SessionMemory();
            memory.Fit(plan, 1);
            PinnedFloats x = new(48 * 1024), y = new(48 * 1024);
            RandomStream.FromSeed(2).Fill(x.Span);
            memory.Rent(plan.Inputs[0], x.Address);
            memory.Rent(plan.Outputs[0], y.Address);
            memory.Begin();
            for (int i = 0; i < plan.Steps.Length; i++)
            {
                memory.Run(i);
            }

            // Steps between the convolutions: the operator and any changes of the memory layout.
            int[] between =
            [
                .. plan.Steps.Index().Where(
                    pair =>
                        pair.Item.Layer is not Inference.ConvolutionLayer
                            && pair.Index > 0
                            && pair.Index < plan.Steps.Length - 1).Select(pair => pair.Index),
            ];
            Tensor image = Tensor.From(x.Span, [1, 48, 32, 32]).InLayout(Layout.ChannelsLast);
            Action step = () =>
            {
                memory.Begin();
                Array.ForEach(between, memory.Run);
            };
            Action operationAlone = () =>
            {
                using MemoryScope scope = MemoryScope.Open();
                using (MemoryScope.Enter(scope))
                {
                    alone(image);
                }
            };
            double[] times = Rounds.Measure([new("alone", operationAlone), new("step", step)], seconds);
            (long aloneBytes, long stepBytes) = (Bytes(operationAlone), Bytes(step));
            double more = (times[1] - times[0]) * 1e6;
            table.Row(
                name, Text(times[0] * 1e6), $"{aloneBytes}", Text(times[1] * 1e6), $"{stepBytes}", Text(more),
                $"{stepBytes - aloneBytes}",
                more > BarMicroseconds || stepBytes - aloneBytes > BarBytes ? "SHORT" : "");
            GC.KeepAlive(x);
            GC.KeepAlive(y);
        }

        return 0;
    }

    private static long Bytes(Action action)
    {
        long min = long.MaxValue;
        for (int i = 0; i < 20; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            action();
            min = Math.Min(min, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return min;
    }

    private static string Text(double value) => value.ToString("F1", CultureInfo.InvariantCulture);
}
