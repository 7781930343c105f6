using Temper.Cli.Benchmarks;
using System.Globalization;
using Temper.Inference.Timing;
using Temper.Kernels;
using Temper.Peers.Measuring;
using Temper.Peers.Native;
using Temper.Randomness;
using Temper.Tensors.Memory;

namespace Temper.Peers.Tables;

/// <summary>Matrix products of row-major operands, compared with oneDNN. Times include packing.</summary>
internal static class GemmTable
{
    private const int Threads = 2;

    private static readonly Product[] Products =
    [
        new("square 256", 256, 256, 256),
        new("square 512", 512, 512, 512),
        new("square 1024", 1024, 1024, 1024),
        new("square 2048", 2048, 2048, 2048),
        new("LeNet-300-100 fc1", 64, 784, 300),
        new("LeNet-300-100 fc2", 64, 300, 100),
        new("LeNet-300-100 fc3", 64, 100, 10),
        new("LeNet-5 fc1", 64, 400, 120),
        new("LeNet-5 Caffe fc1", 64, 800, 500),
        new("fc1 forward, x Wt", 64, 784, 300, TransposeB: true),
        new("fc1 dW = dyt x", 300, 64, 784, TransposeA: true),
        new("fc2 forward, x Wt", 64, 300, 100, TransposeB: true),
        new("fc2 dW = dyt x", 100, 64, 300, TransposeA: true),
        new("fc2 dx = dy W", 64, 100, 300),
        new("fc3 forward, x Wt", 64, 100, 10, TransposeB: true),
        new("fc3 dW = dyt x", 10, 64, 100, TransposeA: true),
        new("fc3 dx = dy W", 64, 10, 100),
        new("LeNet-5 fc1 x Wt", 64, 400, 120, TransposeB: true),
        new("LeNet-5 fc1 dW", 120, 64, 400, TransposeA: true),
        new("LeNet-5 fc1 dx", 64, 120, 400),
        new("Caffe fc1 x Wt", 64, 800, 500, TransposeB: true),
        new("Caffe fc1 dW", 500, 64, 800, TransposeA: true),
        new("Caffe fc1 dx", 64, 500, 800),
        new("64 x 576 x 1024", 64, 576, 1024),
        new("128 x 1152 x 256", 128, 1152, 256),
        new("512 x 4608 x 16", 512, 4608, 16),
        new("64 x 27 x 65536", 64, 27, 65536),
        new("vector x matrix", 1, 4096, 4096),
        new("vector x matrix, transposed", 1, 4096, 4096, TransposeB: true),
        new("matrix x vector", 4096, 4096, 1),
    ];

    /// <param name="arguments">Text in row names, seconds per row and library.</param>
    public static int Run(string[] arguments)
    {
        if (!OneDnn.IsInstalled)
        {
            Console.Error.WriteLine("gemm: oneDNN is not installed; see bench/README.md");
            return 5;
        }

        string part = arguments.Length > 0 ? arguments[0] : "";
        double seconds = arguments.Length > 1 ? double.Parse(arguments[1], CultureInfo.InvariantCulture) : 0.7;
        OneDnn.UseThreads(Threads);
        using var pool = new WorkerPool(Threads);
        using WorkerPool.Usage usage = pool.Use();
        var table = new TextTable("product M x K x N", "Temper us", "oneDNN us", "GFLOP/s", "oneDNN", "speed ratio");
        foreach (Product product in
            Products.Where(p => p.ToString().Contains(part, StringComparison.OrdinalIgnoreCase)))
        {
            double[] times = product.Measure(seconds);
            double work = 2e-9 * product.M * product.K * product.N;
            table.Row(
                product.ToString(), $"{times[0] * 1e6:F1}", $"{times[1] * 1e6:F1}", $"{work / times[0]:F0}",
                $"{work / times[1]:F0}",
                $"{times[1] / times[0]:F2}");
        }

        return 0;
    }

    private sealed record Product(string Name, int M, int K, int N, bool TransposeA = false, bool TransposeB = false)
    {
        public override string ToString() => $"{Name} ({M}, {K}, {N})";

        public unsafe double[] Measure(double seconds)
        {
            Memory<float> a = Numbers(M * K, 1), b = Numbers(K * N, 2), ours = Numbers(M * N, 3),
                theirs = Numbers(M * N, 4);
            fixed (float* pa = a.Span, pb = b.Span, pc = theirs.Span)
            {
                (nint na, nint nb, nint nc) = ((nint)pa, (nint)pb, (nint)pc);
                double[] times = Rounds.Measure(
                    [
                        new("Temper", () => Gemm.Multiply(
                            TransposeA ? new MatrixView(a.Span, K, M).Transposed : new MatrixView(a.Span, M, K),
                            TransposeB ? new MatrixView(b.Span, N, K).Transposed : new MatrixView(b.Span, K, N),
                            ours.Span)),
                        new(
                            "oneDNN",
                            () => OneDnn.Multiply(M, N, K, (float*)na, TransposeA, (float*)nb, TransposeB, (float*)nc)),
                    ],
                    seconds);
                Compare(ours.Span, theirs.Span);
                return times;
            }
        }

        /// <summary>Throws if the results differ by more than rounding errors.</summary>
        private void Compare(ReadOnlySpan<float> ours, ReadOnlySpan<float> theirs)
        {
            float worst = 0;
            for (int i = 0; i < ours.Length; i++)
            {
                worst = MathF.Max(worst, MathF.Abs(ours[i] - theirs[i]));
            }

            if (!(worst < 1e-6f * (K + 100)))
            {
                throw new InvalidOperationException(
                    $"{this}: results differ (got {worst}, expected rounding errors only)");
            }
        }

        /// <summary>
        /// Returns noise with the alignment of tensors, pinned because the other library would use a stale address if a
        /// garbage collection between rounds moved the memory.
        /// </summary>
        private static Memory<float> Numbers(int count, ulong seed)
        {
            Memory<float> values = BufferPool<float>.AllocateAligned(count);
            RandomStream.FromSeed(seed).Fill(values.Span);
            return values;
        }
    }
}
