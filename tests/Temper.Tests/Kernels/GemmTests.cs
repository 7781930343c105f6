using Temper.Kernels;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class GemmTests
{
    private static readonly (int M, int N, int K)[] Table =
    [
        (0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 1, 1), (1, 7, 33), (1, 300, 784), (13, 32, 5), (14, 33, 6), (12, 31, 7), (6, 16, 8),
        (7, 17, 9), (64, 10, 100), (64, 100, 300), (300, 784, 64), (40, 100, 513), (25, 47, 1030), (400, 130, 20), (330, 1100, 19), (5, 4, 3), (132, 1700, 130), (136, 820, 530), (40, 768, 200),
    ];

    public static TheoryData<int, int, int> Sizes
    {
        get
        {
            var sizes = new TheoryData<int, int, int>();
            foreach ((int m, int n, int k) in VectorWidths.Sizes(Table, size => (long)size.M * size.N * size.K, most: 2_100_000))
            {
                sizes.Add(m, n, k);
            }

            return sizes;
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Sizes))]
    public void Multiply_matches_plain_loops(int m, int n, int k)
    {
        for (int form = 0; form < 16; form++)
        {
            Check(m, n, k, leftTransposed: (form & 1) != 0, rightTransposed: (form & 2) != 0, tail: (form & 4) != 0, accumulate: (form & 8) != 0);
        }
    }

    [Fact]
    public void Multiply_gives_equal_bytes_for_any_number_of_threads()
    {
        float[] a = Random(300 * 700, 1), b = Random(700 * 500, 2);
        float[]? expected = null;
        foreach (int threads in new[] { 1, 2, 3, 8 })
        {
            using var pool = new WorkerPool(threads);
            using WorkerPool.Usage usage = pool.Use();
            float[] c = new float[300 * 500];
            Gemm.Multiply(new MatrixView(a, 300, 700), new MatrixView(b, 700, 500), c);
            expected ??= c;
            Assert.Equal(expected, c);
        }
    }

    private static void Check(int m, int n, int k, bool leftTransposed, bool rightTransposed, bool tail, bool accumulate)
    {
        float[] a = Random(m * k, 1), b = Random(k * n, 2), bias = Random(n, 3), c = Random(m * n, 4);
        float[] before = (float[])c.Clone();
        MatrixView left = leftTransposed ? new MatrixView(a, k, m).Transposed : new MatrixView(a, m, k);
        MatrixView right = rightTransposed ? new MatrixView(b, n, k).Transposed : new MatrixView(b, k, n);
        Gemm.Multiply(left, right, c, tail ? new GemmEpilogue { Bias = bias, Relu = true } : default, accumulate);
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = accumulate ? before[(i * n) + j] : 0;
                for (int p = 0; p < k; p++)
                {
                    sum += (double)(leftTransposed ? a[(p * m) + i] : a[(i * k) + p]) * (rightTransposed ? b[(j * k) + p] : b[(p * n) + j]);
                }

                sum = tail ? Math.Max(sum + bias[j], 0) : sum;
                Assert.True(Math.Abs(sum - c[(i * n) + j]) < 1e-5 * (k + 10), $"[{m},{n},{k}] at {i},{j}: {c[(i * n) + j]} for {sum}");
            }
        }
    }

    private static float[] Random(int count, int seed)
    {
        float[] values = new float[count];
        RandomStream.FromSeed((ulong)seed).Fill(values);
        for (int i = 0; i < count; i++)
        {
            values[i] = (2 * values[i]) - 1;
        }

        return values;
    }
}
