using System.Diagnostics;
using System.Runtime.InteropServices;
using Temper.Formats.Onnx;
using Temper.Formats.Safetensors;
using Temper.Inference.Timing;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Peers.Tables;

/// <summary>
/// Time to load 100 MB and sum every tensor, compared with File.ReadAllBytes and the same sum. The file is in the page
/// cache of the operating system.
/// </summary>
internal static class FilesTable
{
    private const int Tensors = 25;
    private const int Length = 1 << 20;
    private const int Rounds = 15;

    public static int Run(string[] _)
    {
        string folder = Directory.CreateTempSubdirectory("temper-files-").FullName;
        try
        {
            var table = new TextTable("file", "load ms", "bytes ms", "time ratio", "memory");
            float[] values = [.. Enumerable.Range(0, Length).Select(i => (i % 1000) * 0.001f)];
            KeyValuePair<string, Tensor>[] tensors =
            [
                .. Enumerable.Range(0, Tensors)
                    .Select(i => KeyValuePair.Create($"t{i}", Tensor.From(values, [1024, 1024]))),
            ];
            string safetensors = Path.Combine(folder, "x.safetensors"), onnx = Path.Combine(folder, "x.onnx");
            new SafetensorsFile(tensors).Save(safetensors);
            Measure(
                table, safetensors, () => SafetensorsFile.Load(safetensors).Tensors.Sum(tensor => Sum(tensor.Value)));
            OnnxFile.Save(Chain(), onnx);
            Measure(table, onnx, () => OnnxFile.Load(onnx).Network.Parameters.Sum(parameter => Sum(parameter.Value)));
            Console.WriteLine(
                "memory: bytes allocated while loading, divided by the bytes of the tensors (bars: time 1.5, "
                + "memory 1.2)");
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// Returns a chain of linear layers without bias, with as many parameters as the safetensors file.
    /// </summary>
    private static Network Chain() => Network.Build(InputSpec.Features(1024), x =>
    {
        for (int i = 0; i < Tensors; i++)
        {
            x = x.Linear(1024, bias: false);
        }

        return x;
    });

    private static void Measure(TextTable table, string file, Func<double> load)
    {
        var ours = new List<double>();
        var bytes = new List<double>();
        long allocated = 0;
        for (int round = 0; round < Rounds; round++)
        {
            GC.Collect();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            ours.Add(Time(load));
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            GC.Collect();
            bytes.Add(
                Time(
                    () =>
                        TensorPrimitives.Sum(
                            MemoryMarshal.Cast<byte, float>(
                                File.ReadAllBytes(file).AsSpan()[..(Tensors * Length * sizeof(float))]))));
        }

        double own = Low(ours), other = Low(bytes);
        table.Row(
            Path.GetExtension(file), $"{own:F1}", $"{other:F1}", $"{own / other:F2}",
            $"{allocated / (double)(Tensors * Length * sizeof(float)):F2}");
    }

    private static double Sum(Tensor tensor) => TensorPrimitives.Sum(tensor.AsSpan<float>());

    private static double Time(Func<double> work)
    {
        long start = Stopwatch.GetTimestamp();
        GC.KeepAlive(work());
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Low(List<double> times) => times.Order().ElementAt(times.Count / 5);
}
