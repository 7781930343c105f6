using System.Diagnostics;
using System.Globalization;
using Temper.Inference;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Randomness;

namespace Temper.Peers.Tables;

/// <summary>Compile time for one batch size. Each case runs in a new process, so that nothing is warm.</summary>
internal static class CompileTable
{
    private static readonly (bool TimesKernels, int Batch, double Bar)[] Works =
        [(false, 1, 0.3), (true, 1, 3), (false, 64, 0), (true, 64, 0)];

    /// <param name="arguments">Network; default: VGG-16-BN.</param>
    public static int Run(string[] arguments)
    {
        if (arguments is ["one", var model, var times, var batch])
        {
            Console.WriteLine(
                One(model, bool.Parse(times), int.Parse(batch, CultureInfo.InvariantCulture))
                    .ToString("R", CultureInfo.InvariantCulture));
            return 0;
        }

        string name = arguments.ElementAtOrDefault(0) ?? "vgg-16-bn";
        var table = new TextTable("network, kernels, batch", "seconds", "bar", "");
        foreach ((bool timesKernels, int size, double bar) in Works)
        {
            double seconds = Child(name, timesKernels, size);
            table.Row(
                $"{name}, {(timesKernels ? "timed" : "estimated")}, {size}",
                seconds.ToString("F2", CultureInfo.InvariantCulture),
                bar > 0 ? bar.ToString("F1", CultureInfo.InvariantCulture) : "",
                bar > 0 && seconds > bar ? "SHORT" : "");
        }

        return 0;
    }

    private static double One(string name, bool timesKernels, int batch)
    {
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
        long start = Stopwatch.GetTimestamp();
        using CompiledNetwork compiled = CompiledNetwork.Compile(
            network, new CompileOptions { BatchSizes = [batch], TimesKernels = timesKernels });
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Child(string name, bool timesKernels, int batch)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Temper.Peers.dll");
        using Process child = Process.Start(
            new ProcessStartInfo("dotnet", [program, "compile", "one", name, $"{timesKernels}", $"{batch}"])
            {
                RedirectStandardOutput = true, UseShellExecute = false,
            })!;
        string[] lines = child.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        child.WaitForExit();
        return double.Parse(lines[^1], CultureInfo.InvariantCulture);
    }
}
