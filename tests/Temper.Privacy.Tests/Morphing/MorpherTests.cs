using Temper.Kernels;
using Temper.Privacy.Morphing;
using Temper.Randomness;

namespace Temper.Privacy.Tests.Morphing;

public sealed class MorpherTests
{
    /// <summary>The plain product of reflections, one after the other, and then the signs: what the blocks must give.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(31)]
    [InlineData(70)]
    public void Blocks_of_reflections_give_the_product_of_the_reflections(int n)
    {
        RandomCursor cursor = RandomStream.FromSeed(11).Cursor();
        double Next() => cursor.NextSingle(-1, 1) + cursor.NextSingle(-1, 1);
        List<double> drawn = [];
        double[] found = RandomReflections.Orthogonal(n, () =>
        {
            drawn.Add(Next());
            return drawn[^1];
        });

        double[,] expected = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            expected[i, i] = 1;
        }

        double[] signs = new double[n];
        int used = 0;
        for (int k = 0; k < n; k++)
        {
            double[] x = [.. drawn.Skip(used).Take(n - k)];
            used += x.Length;
            double length = Math.Sqrt(x.Sum(v => v * v));
            signs[k] = k == n - 1 ? Math.Sign(x[0]) : -Math.Sign(x[0]);
            x[0] += Math.Sign(x[0]) * length;
            double norm = x.Sum(v => v * v);
            for (int row = 0; row < n && k < n - 1; row++)          // expected = expected (I - 2 v vᵀ / |v|²)
            {
                double dot = 0;
                for (int i = 0; i < x.Length; i++)
                {
                    dot += expected[row, k + i] * x[i];
                }

                for (int i = 0; i < x.Length; i++)
                {
                    expected[row, k + i] -= 2 * dot / norm * x[i];
                }
            }
        }

        Assert.Equal(n * (n + 1) / 2, used);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                Assert.Equal(expected[i, j] * signs[j], found[(i * n) + j], 1e-12);
            }
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    public void Undo_gives_the_rows_again_and_lengths_stay(int cores, bool isRepeated)
    {
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 12, 16) { Cores = cores, IsRepeated = isRepeated });
        using var morpher = new Morpher(key);
        float[] rows = MorphSamples.Weights(5, 1, 1).ToArray<float>();
        rows = [.. Enumerable.Range(0, 5 * 192).Select(i => MathF.Sin(i * i) * rows[i % 5])];
        float[] morphed = new float[rows.Length], back = new float[rows.Length];
        morpher.Apply(rows, morphed);
        morpher.Undo(morphed, back);
        Assert.InRange(AugConvLayer.RelativeError(back, rows), 0, 1e-6);
        Assert.InRange(AugConvLayer.RelativeError(morphed, rows), 0.5, 2);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(
                System.Numerics.Tensors.TensorPrimitives.Norm<float>(rows.AsSpan(i * 192, 192)), System.Numerics.Tensors.TensorPrimitives.Norm<float>(morphed.AsSpan(i * 192, 192)), 1e-3f);
        }
    }

    /// <summary>The map of a known seed: the same bytes on every machine, vector width and number of threads.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Map_of_a_seed_has_a_known_digest(int threads)
    {
        using var pool = new WorkerPool(threads);
        using WorkerPool.Usage usage = pool.Use();
        using MorphKey key = MorphSamples.Key(new MorphMap(3, 6, 5) { Cores = 3 });
        using var morpher = new Morpher(key);
        Assert.StartsWith("6e57e7f730266d80e1fdb5b8199572b8199e48ed9", morpher.Digest);
    }
}
