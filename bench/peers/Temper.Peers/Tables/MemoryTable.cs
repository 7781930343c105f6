using System.Diagnostics;
using System.Globalization;
using Temper.Peers.Measuring;

namespace Temper.Peers.Tables;

/// <summary>
/// Peak memory of a process that trains ResNet-20 with batch size 128, compared with PyTorch, and the bytes that Temper
/// allocates per step.
/// </summary>
internal static class MemoryTable
{
    private const int Steps = 12;

    /// <param name="arguments">Network, batch size; defaults: ResNet-20 and 128.</param>
    public static int Run(string[] arguments)
    {
        string network = arguments.Length > 0 ? arguments[0] : "resnet-20";
        int batch = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 128;
        using var work = new TrainingWork(network, batch);
        for (int i = 0; i < Steps; i++)
        {
            work.Run();
        }

        long before = GC.GetTotalAllocatedBytes(precise: true);
        int collections = GC.CollectionCount(2);
        for (int i = 0; i < Steps; i++)
        {
            work.Run();
        }

        long allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / Steps;
        Console.WriteLine(
            $"{network}, batch {batch}: {allocated / 1024.0:F1} KiB allocated per step, "
            + $"{GC.CollectionCount(2) - collections} gen-2 collections in {Steps} steps");
        Console.WriteLine($"peak memory: Temper {Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0:F0} MiB");
        foreach (string format in (string[])["nchw", "nhwc"])
        {
            using PyTorchWorker? torch = TrainingTable.Start(network, batch, format, threads: 2);
            torch?.Ask(new { @do = "run", seconds = 3.0 });
            if (torch?.Ask(new { @do = "memory" }) is { } answer)
            {
                Console.WriteLine(
                    $"peak memory: PyTorch {format} {answer.GetProperty("peak_rss_kib").GetInt64() / 1024.0:F0} MiB");
            }
        }

        return 0;
    }
}
