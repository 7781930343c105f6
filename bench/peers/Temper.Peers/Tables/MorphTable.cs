using System.Diagnostics;
using System.Globalization;
using Temper.Cli.Benchmarks;
using Temper.Data;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Networks;
using Temper.Peers.Measuring;
using Temper.Privacy.Audit;
using Temper.Privacy.Morphing;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Tables;

/// <summary>
/// Morphing and the Aug-Conv layer at the size of CIFAR, most results with a target: rate relative to the matrix
/// product alone, time of 60,000 rows, block-sparse relative to dense layers, training steps, memory, and the audit.
/// </summary>
internal static class MorphTable
{
    private const int Batch = 512;

    /// <summary>Rows between measurements of memory, and rows between reports of progress.</summary>
    private const int LookRows = 100_000, LookStep = 512;
    private static readonly MorphMap Cifar = new(3, 32, 32);

    /// <param name="arguments">
    /// Part: <c>rate</c>, <c>rows</c>, <c>layer</c>, <c>training</c>, <c>memory</c> or <c>audit</c> (default: all);
    /// seconds per row; threads.
    /// </param>
    public static int Run(string[] arguments)
    {
        double seconds = arguments.Length > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 2;
        using var pool = new WorkerPool(
            arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 2);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable("morphing", "measured", "bar", "");
        string which = arguments.Length > 0 ? arguments[0] : "";
        foreach ((string name, Action<TextTable, double> part) in
            new (string, Action<TextTable, double>)[]
            {
                ("rate", Rate), ("rows", Rows), ("layer", Layer), ("training", Training), ("memory", Memory),
                ("audit", Audit),
            })
        {
            if (which.Length == 0 || string.Equals(which, name, StringComparison.Ordinal))
            {
                part(table, seconds);
            }
        }

        return 0;
    }

    /// <summary>Rate of morphing relative to the same matrix product alone.</summary>
    private static void Rate(TextTable table, double seconds)
    {
        using var key = MorphKey.Create(Cifar);
        using var morpher = new Morpher(key);
        int d = Cifar.Inputs;
        float[] rows = Random(Batch * d), result = new float[rows.Length], matrix = Random(d * d);
        double[] times = Rounds.Measure(
            [
                new Contender("morph", () => morpher.Apply(rows, result)),
                new Contender(
                    "product",
                    () => Gemm.Multiply(new MatrixView(rows, Batch, d), new MatrixView(matrix, d, d), result)),
            ], seconds);
        Row(table, "part of the product's rate, batch 512", times[1] / times[0], 0.85, isLeast: true);
        Console.WriteLine($"  {2.0 * Batch * d * d / times[1] / 1e9:F0} GFLOP/s");
    }

    /// <summary>Time of 60,000 rows, in memory only and written to files.</summary>
    private static void Rows(TextTable table, double seconds)
    {
        using var key = MorphKey.Create(Cifar);
        long start = Stopwatch.GetTimestamp();
        using var morpher = new Morpher(key);
        Console.WriteLine($"  drawing the map: {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s");
        int d = Cifar.Inputs;
        float[] rows = Random(Batch * d), result = new float[rows.Length];
        start = Stopwatch.GetTimestamp();
        for (int first = 0; first < 60_000; first += Batch)
        {
            int count = Math.Min(Batch, 60_000 - first) * d;
            morpher.Apply(rows.AsSpan(0, count), result.AsSpan(0, count));
        }

        Row(table, "60,000 rows without the disk, s", Stopwatch.GetElapsedTime(start).TotalSeconds, 5, isLeast: false);
        float[] matrix = Random(d * d);
        start = Stopwatch.GetTimestamp();
        for (int first = 0; first < 60_000; first += Batch)
        {
            int count = Math.Min(Batch, 60_000 - first);
            Gemm.Multiply(new MatrixView(rows, count, d), new MatrixView(matrix, d, d), result);
        }

        double product = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  the same products alone: {product:F2} s, {2.0 * 60_000 * d * d / product / 1e9:F0} GFLOP/s (226 "
                + $"needed for 5 s)"));
        string folder = Directory.CreateTempSubdirectory("temper-morph").FullName;
        var data = new ImageDataset("noise", [3, 32, 32], Bytes(60_000 * d), new byte[60_000], ["only"]);
        start = Stopwatch.GetTimestamp();
        MorphBundle.WriteData(key, morpher, new DataSets(data, data.Take(0)), folder);
        Row(table, "60,000 rows written, s", Stopwatch.GetElapsedTime(start).TotalSeconds, 8, isLeast: false);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Speed of the layer with 96 cores relative to the layer with one core.</summary>
    private static void Layer(TextTable table, double seconds)
    {
        (AugConv Operator, Tensor Weight)[] layers =
        [
            .. ((int[])[1, 96]).Select(cores =>
            {
                AugConv layer = AugConvLayer.OperatorFor(Cifar with { Cores = cores }, [64, 3, 3, 3], 1, 1);
                return (layer, Tensor.From(Random((int)layer.Pattern.Count), [(int)layer.Pattern.Count]));
            }),
        ];
        foreach (int batch in new[] { 16, 64, 128 })
        {
            Tensor x = Tensor.From(Random(batch * Cifar.Inputs), [batch, Cifar.Inputs]);
            double[] times = Rounds.Measure(
                [
                    .. layers.Select(
                        layer =>
                            new Contender(
                                $"{layer.Operator.CoreSide}",
                                () => new AugConvLayer(layer.Operator, layer.Weight).Features(x))),
                ],
                seconds);
            Row(table, $"96 cores against one, batch {batch}", times[0] / times[1], 3, isLeast: true);
        }
    }

    /// <summary>
    /// The case of the paper: training steps of VGG-16 with batch normalization, plain and with the Aug-Conv layer of a
    /// default key, and the amount of data sent.
    /// </summary>
    private static void Training(TextTable table, double seconds)
    {
        const int Samples = 64, Pictures = 60_000;
        Network plain = NetworkZoo.Create("vgg-16-bn").Initialize(RandomStream.FromSeed(1));
        AugConv operation = AugConvLayer.OperatorFor(Cifar, [64, 3, 3, 3], 1, 1);
        var layer = new AugConvLayer(
            operation, Tensor.From(Random((int)operation.Pattern.Count), [(int)operation.Pattern.Count]));
        using var key = MorphKey.Create(Cifar);
        using var morpher = new Morpher(key);
        float[] rows = Random(Samples * Cifar.Inputs), result = new float[rows.Length];
        using var without = new TrainingWork(plain, Samples);
        using var with = new TrainingWork(plain.WithAugConv(layer), Samples);
        double[] times = Rounds.Measure(
            [
                new Contender("plain", without.Run), new Contender("morphed", with.Run),
                new Contender("owner", () => morpher.Apply(rows, result)),
            ],
            seconds);
        double layerBytes = 4.0 * layer.Weight.Count, rowBytes = 4.0 * Pictures * Cifar.Inputs;
        Fact(table, $"VGG-16-BN, batch {Samples}, plain: s a step", times[0]);
        Fact(table, "behind the Aug-Conv layer: s a step", times[1]);
        Fact(table, "the owner's morphing of a batch, s", times[2]);
        Fact(table, "more time in all, % (paper: 9)", 100 * ((times[1] + times[2]) / times[0] - 1));
        Fact(table, "first layer, MB (plain: 0.007)", layerBytes / 1e6);
        Fact(
            table, $"morphed rows of {Pictures:N0} pictures, MB (plain, a byte a number: {rowBytes / 4e6:F0})",
            rowBytes / 1e6);
        Fact(table, "layer by morphed rows, % (paper: 5.12)", 100 * layerBytes / rowBytes);
    }

    private static void Fact(TextTable table, string name, double found) =>
        table.Row(name, found.ToString("F3", CultureInfo.InvariantCulture), "", "");

    /// <summary>Attacks on a default bundle with 64 channels and known weights.</summary>
    private static void Audit(TextTable table, double seconds)
    {
        string folder = Directory.CreateTempSubdirectory("temper-audit").FullName;
        Tensor weights = Tensor.From(Random(64 * 27), [64, 3, 3, 3]);
        using (var key = MorphKey.Create(Cifar))
        using (var morpher = new Morpher(key))
        {
            var data = new ImageDataset("noise", [3, 32, 32], Bytes(64 * Cifar.Inputs), new byte[64], ["only"]);
            MorphBundle.WriteData(key, morpher, new DataSets(data, data.Take(0)), folder);
            MorphBundle.WriteLayer(key, AugConvLayer.Compose(key, morpher, weights, 1, 1), folder);
            foreach (AttackFinding finding in
                MorphAudit.Run(MorphBundle.Open(folder), new AuditInputs { Weights = weights, Truth = data }).Take(3))
            {
                Row(
                    table, $"{finding.Name}: {finding.Verdict}, SSIM {finding.Mean?.Ssim:F4}, s",
                    finding.Time.TotalSeconds, finding.Name[0] == 'B' ? 40 : 8, isLeast: false);
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Memory of the process while 1,000,000 rows are written, relative to 1,000 rows.</summary>
    private static void Memory(TextTable table, double seconds)
    {
        MorphMap small = new(1, 16, 16);
        using var key = MorphKey.Create(small);
        using var morpher = new Morpher(key);
        long Peak(int count)
        {
            string folder = Directory.CreateTempSubdirectory("temper-morph").FullName;
            var data = new Repeated(count);
            long max = 0;
            // Reading the working set allocates memory itself, so it is read only every LookRows rows.
            MorphBundle.WriteData(key, morpher, new DataSets(data, data.Take(0)), folder, progress: (_, done, all) =>
            {
                if (done == all || done / LookRows > (done - LookStep) / LookRows)
                {
                    max = Math.Max(max, Environment.WorkingSet);
                }
            });
            Directory.Delete(folder, recursive: true);
            return max;
        }

        Peak(1000);
        double few = Peak(1000), many = Peak(1_000_000);
        Row(table, "memory of 1,000,000 rows by that of 1,000", many / few, 1.05, isLeast: false);
    }

    private static void Row(TextTable table, string name, double found, double bar, bool isLeast) => table.Row(
        name, found.ToString("F2", CultureInfo.InvariantCulture),
        $"{(isLeast ? ">=" : "<=")} {bar.ToString(CultureInfo.InvariantCulture)}",
        isLeast == found >= bar ? "" : "SHORT");

    private static float[] Random(int count)
    {
        float[] numbers = new float[count];
        RandomStream.FromSeed(1).Fill(numbers);
        return numbers;
    }

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)(i * 2654435761u >> 24);
        }

        return bytes;
    }

    /// <summary>A data set that generates its rows when they are read.</summary>
    private sealed class Repeated(int count) : Dataset
    {
        public override string Name => "repeated";

        public override int Count => count;

        public override Shape SampleShape => [1, 16, 16];

        public override IReadOnlyList<string> ClassNames { get; } = ["only"];

        public override void CopySample(int index, Span<float> sample) => sample.Fill((index % 256) / 255f);

        public override long Label(int index) => 0;
    }
}
