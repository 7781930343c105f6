using Temper.Data;
using Temper.Privacy.Audit;
using Temper.Privacy.Audit.Attacks;
using Temper.Privacy.Morphing;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Privacy.Tests.Audit;

/// <summary>Attacks that match morphed rows with known pictures.</summary>
public sealed class RowMatchingTests
{
    [Theory]
    [InlineData(8, false)]
    [InlineData(8, true)]
    [InlineData(1, false)]
    public void Pairs_give_the_map_at_the_predicted_count(int cores, bool isRepeated)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 8, 8) { Cores = cores, IsRepeated = isRepeated });
        using var morpher = new Morpher(key);
        DataSets data = MorphSamples.Pictures(1, 8, 200);
        MorphBundle.WriteData(key, morpher, data, folder.Path);
        var rows = new AuditRows(MorphBundle.Open(folder.Path), new AuditInputs { Truth = data.Train });
        int predicted = KnownPairs.Predicted(key.Map);
        List<PairAttacks.Point> points = PairAttacks.Points(rows, rows.Truth!, 100, rows.Rows[^(20 * 64)..], rows.Truth![^(20 * 64)..]);
        Assert.InRange(points.First(point => point.Error <= PairAttacks.Exact).Pairs, Math.Max(1, predicted - 2), predicted + 2);
    }

    /// <summary>Matches rows and pictures for any invertible map, orthogonal or not.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rows_and_pictures_in_different_orders_are_matched(bool isOrthogonal)
    {
        const int Count = 1200, Inputs = 64;
        float[] pictures = MorphSamples.Rows(MorphSamples.Pictures(1, 8, Count).Train, Count), rows = new float[pictures.Length];
        if (isOrthogonal)
        {
            using MorphKey key = MorphSamples.Key(new MorphMap(1, 8, 8));
            using var morpher = new Morpher(key);
            morpher.Apply(pictures, rows);
        }
        else
        {
            float[] map = MorphSamples.Weights(Inputs, Inputs, 1).ToArray<float>();
            Temper.Kernels.Gemm.Multiply(new Temper.Kernels.MatrixView(pictures, Count, Inputs), new Temper.Kernels.MatrixView(map, Inputs, Inputs), rows);
        }

        float[] shuffled = new float[pictures.Length];
        int[] order = Temper.Randomness.RandomStream.FromSeed(4).Permutation(Count);
        for (int i = 0; i < Count; i++)
        {
            pictures.AsSpan(order[i] * Inputs, Inputs).CopyTo(shuffled.AsSpan(i * Inputs));
        }

        int[] found = UnpairedMatching.Find(shuffled, rows, Inputs);
        Assert.InRange(found.Where((picture, row) => order[picture] == row).Count() / (double)Count, 0.95, 1);
    }

    /// <summary>More rows than are compared at the same time, and not a multiple of them.</summary>
    [Fact]
    public void Each_picture_is_the_nearest_of_its_copy()
    {
        const int Count = 600, Inputs = 8;
        float[] pictures = MorphSamples.Weights(Count, Inputs, 1).ToArray<float>();
        int[] order = Temper.Randomness.RandomStream.FromSeed(4).Permutation(Count);
        float[] rows = [.. order.SelectMany(i => pictures[(i * Inputs)..((i + 1) * Inputs)])];
        Assert.Equal(order, UnpairedMatching.Nearest(rows, pictures, Inputs));
    }

    /// <summary>
    /// Independent skewed values with distinct variances, so that every principal axis and its sign can be determined.
    /// </summary>
    [Fact]
    public void Second_moments_of_another_set_give_the_pictures()
    {
        const int Count = 4000, Inputs = 8;
        Temper.Randomness.RandomCursor cursor = Temper.Randomness.RandomStream.FromSeed(5).Cursor();
        float[] all = new float[2 * Count * Inputs], map = new float[Inputs * Inputs], rows = new float[Count * Inputs];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = -MathF.Log(1 - cursor.NextSingle(0, 1)) * MathF.Pow(1.6f, i % Inputs);
        }

        using MorphKey key = MorphSamples.Key(new MorphMap(1, 2, 4));
        using var morpher = new Morpher(key);
        morpher.Apply(all.AsSpan(0, Count * Inputs), rows);
        (float[] found, int axes) = SecondMoments.Recover(all[(Count * Inputs)..], rows, rows[..(20 * Inputs)], Inputs);
        Assert.Equal(Inputs - 1, axes);
        Assert.InRange(AugConvLayer.RelativeError(found, all.AsSpan(0, 20 * Inputs)), 0, 0.2);
    }
}
