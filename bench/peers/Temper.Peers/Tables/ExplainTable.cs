using System.Globalization;
using Temper.Inference;
using Temper.Kernels;
using Temper.Peers.Measuring;

namespace Temper.Peers.Tables;

/// <summary>Prints the plan of a network of the zoo with zero weights, and the time of each step.</summary>
internal static class ExplainTable
{
    /// <param name="arguments">Network, batch size, fraction of zero weights, channels per block, threads.</param>
    public static int Run(string[] arguments)
    {
        string name = arguments.ElementAtOrDefault(0) ?? "vgg-16-bn";
        int batch = int.Parse(arguments.ElementAtOrDefault(1) ?? "1", CultureInfo.InvariantCulture);
        double sparsity = double.Parse(arguments.ElementAtOrDefault(2) ?? "0", CultureInfo.InvariantCulture);
        int block = int.Parse(arguments.ElementAtOrDefault(3) ?? "1", CultureInfo.InvariantCulture);
        using var pool = new WorkerPool(
            int.Parse(arguments.ElementAtOrDefault(4) ?? "2", CultureInfo.InvariantCulture));
        using WorkerPool.Usage usage = pool.Use();
        using CompiledNetwork compiled = CompiledNetwork.Compile(
            SparseNetworks.Make(name, sparsity, block), new CompileOptions { BatchSizes = [batch] });
        InferencePlan plan = compiled.Explain(batch, TimeSpan.FromSeconds(2));
        Console.WriteLine(plan);
        Console.WriteLine($"sum {plan.Steps.Sum(step => step.Seconds ?? 0) * 1000:F4} ms");
        return 0;
    }
}
