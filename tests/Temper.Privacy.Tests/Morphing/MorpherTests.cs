using Temper.Data;
using Temper.Kernels;
using Temper.Privacy.Morphing;
using Temper.Randomness;

namespace Temper.Privacy.Tests.Morphing;

public sealed class MorpherTests
{
    /// <summary>
    /// Compares with a reference: the product of the reflections, applied one after the other, and then the signs.
    /// </summary>
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

    /// <summary>The bytes of a disposed key are zero: used or saved, they would be taken for another key.</summary>
    [Fact]
    public void Disposed_key_and_map_are_not_used()
    {
        string path = Path.Combine(Path.GetTempPath(), $"temper-{Guid.NewGuid():N}.key");
        MorphKey key = MorphSamples.Key(new MorphMap(1, 4, 4));
        var morpher = new Morpher(key);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Save(path, "password"u8));
        Assert.False(File.Exists(path));
        Assert.Throws<ObjectDisposedException>(() => new Morpher(key));
        morpher.Apply(new float[16], new float[16]);
        morpher.Dispose();
        Assert.Throws<ObjectDisposedException>(() => morpher.Apply(new float[16], new float[16]));
    }

    [Fact]
    public void Map_of_another_key_is_refused()
    {
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 12, 12)), other = MorphKey.Create(new MorphMap(1, 12, 12));
        using var morpher = new Morpher(other);
        DataSets data = DataSource.Open("synth:shapes?count=20&classes=3&size=12");
        string folder = Path.Combine(Path.GetTempPath(), $"temper-{Guid.NewGuid():N}");
        Assert.Contains("another key", Assert.Throws<ArgumentException>(() => MorphBundle.WriteData(key, morpher, data, folder)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
        Assert.Contains("another key", Assert.Throws<ArgumentException>(() => AugConvLayer.Compose(key, morpher, MorphSamples.Weights(4, 1, 3), 1, 1)).Message, StringComparison.Ordinal);
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

    /// <summary>Powers of two, and sizes that are split into several powers of two.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 4)]
    [InlineData(3, 7)]
    [InlineData(3, 32)]
    public void Structured_map_is_orthogonal_and_spreads_every_number(int channels, int side)
    {
        using MorphKey key = MorphSamples.Key(new MorphMap(channels, side, side) { IsStructured = true });
        using var morpher = new Morpher(key);
        int inputs = key.Map.Inputs, rows = Math.Min(inputs, 200);
        float[] units = new float[rows * inputs], map = new float[units.Length], back = new float[units.Length];
        for (int i = 0; i < rows; i++)
        {
            units[(i * inputs) + i] = 1;
        }

        morpher.Apply(units, map);
        for (int i = 0; i < rows; i += 7)
        {
            for (int j = 0; j < rows; j += 3)
            {
                float product = System.Numerics.Tensors.TensorPrimitives.Dot<float>(map.AsSpan(i * inputs, inputs), map.AsSpan(j * inputs, inputs));
                Assert.Equal(i == j ? 1 : 0, product, 1e-4f);
            }
        }

        morpher.Undo(map, back);
        Assert.InRange(AugConvLayer.RelativeError(back, units), 0, 1e-5);
        // The map spreads each input value: in long rows, no output value holds more than a tenth of its energy.
        Assert.True(inputs < 3000 || System.Numerics.Tensors.TensorPrimitives.MaxMagnitude<float>(map) < MathF.Sqrt(0.1f));
        // The rows of the inverse are those of the transposed map.
        float[] inverse = new float[Math.Min(2, inputs) * inputs];
        morpher.Secret.InverseRows(0, inverse);
        for (int i = 0; i < rows; i++)
        {
            Assert.Equal(map[i * inputs], inverse[i], 1e-5f);
        }
    }

    [Fact]
    public void Structured_map_takes_pictures_that_no_dense_one_could()
    {
        using MorphKey key = MorphSamples.Key(new MorphMap(3, 128, 128) { IsStructured = true });
        using var morpher = new Morpher(key);
        float[] rows = [.. Enumerable.Range(0, 3 * key.Map.Inputs).Select(i => MathF.Abs(MathF.Sin(i * 0.7f)))], morphed = new float[rows.Length], back = new float[rows.Length];
        morpher.Apply(rows, morphed);
        morpher.Undo(morphed, back);
        Assert.InRange(AugConvLayer.RelativeError(back, rows), 0, 1e-5);
        Assert.Throws<ArgumentException>(() => MorphSamples.Key(new MorphMap(3, 128, 128)));
        Assert.Throws<ArgumentException>(() => MorphSamples.Key(new MorphMap(3, 8, 8) { IsStructured = true, Cores = 3 }));
        Assert.Contains("too large", Assert.Throws<ArgumentException>(() => AugConvLayer.Compose(key, morpher, MorphSamples.Weights(64, 3, 3), 1, 1)).Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// The map of a known seed consists of the same bytes on every machine, for every vector width and number of
    /// threads.
    /// </summary>
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
        using MorphKey structured = MorphSamples.Key(new MorphMap(3, 6, 5) { IsStructured = true });
        using var mixer = new Morpher(structured);
        Assert.StartsWith("27241b2d63545220e8b35cf67304661dda40a3cf6", mixer.Digest);
    }
}
