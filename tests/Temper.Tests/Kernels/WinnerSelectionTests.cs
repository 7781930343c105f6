using Temper.Kernels;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class WinnerSelectionTests
{
    public static TheoryData<int, int> Sizes => new() { { 1, 1 }, { 7, 3 }, { 33, 32 }, { 64, 1 }, { 300, 30 }, { 1025, 1025 }, { 4096, 2048 } };

    /// <summary>Compares with a stable sort, for many ties, zeros of both signs, negative infinity and NaN.</summary>
    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Sizes))]
    public void Winners_are_the_first_of_a_stable_sort(int n, int count)
    {
        float[] spread = Samples.Uniform(2 * n, 8);
        Check(spread, n, count);
        Check([.. spread.Select(v => MathF.Round(v * 3))], n, count);
        Check([.. spread.Select(v => MathF.Round(v) * -0f)], n, count);
        Check([.. spread.Select(v => 1 + (v * 1e-6f))], n, count);
        Check([.. spread.Select((v, i) => (i % 7) switch { 0 => float.NaN, 1 => float.NegativeInfinity, 2 => -float.Epsilon, _ => v })], n, count);
    }

    /// <summary>
    /// Lists for rows of which a sample is taken first: winners spread evenly, winners where the sample does not look,
    /// a sample of winners only, ties, and rows that are mostly zero or NaN.
    /// </summary>
    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [InlineData(256, 20)]
    [InlineData(1000, 1)]
    [InlineData(1024, 100)]
    [InlineData(1031, 256)]
    [InlineData(4096, 1500)]
    public void A_list_holds_the_nonzero_winners_in_order(int n, int count)
    {
        float[] spread = Samples.Uniform(n, 9);
        int piece = n / 4;
        CheckList(spread, count);
        CheckList([.. spread.Select((v, i) => i % piece < 16 ? v * 1e-3f : v)], count);
        CheckList([.. spread.Select((v, i) => i % piece < 16 ? v * 1e3f : v)], count);
        CheckList([.. spread.Select(v => MathF.Round(v * 3))], count);
        CheckList([.. spread.Select(v => MathF.Max(v, 0))], count);
        CheckList([.. spread.Select((v, i) => i < count / 2 ? v : -0f)], count);
        CheckList([.. spread.Select((v, i) => i % 3 == 0 ? float.NaN : v)], count);
    }

    [Fact]
    public void Equal_numbers_win_by_index_and_NaN_wins()
    {
        Assert.Equal([1, 1, 0, 0, 0], Tensor.Ones([1, 5]).Winners(2).ToArray<float>());
        Assert.Equal([0, float.NaN, -3, 0], Tensor.From([2f, float.NaN, -3, 1], [1, 4]).Winners(2).ToArray<float>());

        // Ties within an image are broken by channel, then by pixel, in either memory layout.
        Tensor image = Tensor.Ones([1, 3, 2, 2]);
        float[] expected = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(expected, image.Winners(5).ToArray<float>());
        Assert.Equal(expected, image.InLayout(Layout.ChannelsLast).Winners(5).ToArray<float>());
        Assert.Equal([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], image.Winners(1, new WinnerOptions { Unit = WinnerUnit.Channels }).ToArray<float>());
    }

    [Fact]
    public void The_gradient_flows_through_winners_only()
    {
        foreach (WinnerOptions options in new[] { new WinnerOptions(), new WinnerOptions { Unit = WinnerUnit.Channels, Score = ChannelScore.L2 }, new WinnerOptions { Threshold = 0.4f } })
        {
            Tensor x = Tensor.From(Samples.Uniform(2 * 5 * 9, 3), [2, 5, 3, 3]);
            using var tape = new GradientTape();
            tape.Watch(x);
            Tensor y = x.Winners(options.Unit == WinnerUnit.Channels ? 2 : 17, options);
            float[] gradient = tape.Gradient(y.Sum(), x).ToArray<float>();
            Assert.Equal(y.ToArray<float>().Select(v => v != 0 ? 1f : 0), gradient);
            Assert.Contains(0f, gradient);
        }
    }

    [Fact]
    public void A_threshold_lets_any_number_win()
    {
        Tensor x = Tensor.From([0.5f, -0.5f, 0.25f, float.NaN, 0, -2], [2, 3]);
        Assert.Equal([0.5f, -0.5f, 0, float.NaN, 0, -2], x.Winners(1, new WinnerOptions { Threshold = 0.5f }).ToArray<float>());
        Assert.Equal(x.ToArray<float>(), x.Winners(1, new WinnerOptions { Threshold = 0 }).ToArray<float>());
    }

    [Fact]
    public void Counts_thresholds_and_shapes_that_do_not_fit_are_refused()
    {
        Tensor x = Tensor.Ones([2, 4]);
        Assert.Contains("expected 1 to 4", Assert.Throws<ArgumentOutOfRangeException>(() => x.Winners(0)).Message, StringComparison.Ordinal);
        Assert.Contains("got 5", Assert.Throws<ArgumentOutOfRangeException>(() => x.Winners(5)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Winners(1, new WinnerOptions { Threshold = float.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Winners(1, new WinnerOptions { Threshold = -1 }));
        Assert.Throws<ShapeMismatchException>(() => x.Winners(1, new WinnerOptions { Unit = WinnerUnit.Channels }));
        Assert.Throws<ShapeMismatchException>(() => Tensor.Ones([4]).Winners(1));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-0.1, 0)]
    [InlineData(1.01, 0)]
    [InlineData(double.NaN, 0)]
    [InlineData(1, 10)]
    [InlineData(0.3, 3)]
    [InlineData(0.31, 4)]
    [InlineData(1e-9, 1)]
    public void A_rate_is_a_part_above_zero(double rate, int count)
    {
        if (count > 0)
        {
            Assert.Equal(count, Temper.Networks.Winners.CountOf(rate, 10));
        }
        else
        {
            Assert.Contains("winner rate", Assert.Throws<ArgumentOutOfRangeException>(() => Temper.Networks.Winners.CountOf(rate, 10)).Message, StringComparison.Ordinal);
        }
    }

    private static unsafe void CheckList(float[] x, int count)
    {
        int n = x.Length;
        int[] order = [.. Enumerable.Range(0, n)];
        Array.Sort(order, (a, b) => Rank(x[a]) != Rank(x[b]) ? Rank(x[b]).CompareTo(Rank(x[a])) : a.CompareTo(b));
        int[] expected = [.. order[..count].Where(i => x[i] != 0).Order()], indices = new int[n + 1];
        float[] values = new float[n + 1];
        fixed (float* px = x, pv = values)
        fixed (int* pi = indices)
        {
            int found = WinnerSelection.List(px, n, new WinnerRule(count, float.NaN, Channels: false, ChannelSum.Mean), pi, pv);
            Assert.Equal(expected, indices[..found]);
            Assert.Equal(expected.Select(i => BitConverter.SingleToInt32Bits(x[i])), values[..found].Select(BitConverter.SingleToInt32Bits));
        }
    }

    private static void Check(float[] x, int n, int count)
    {
        float[] expected = new float[x.Length];
        for (int start = 0; start < x.Length; start += n)
        {
            int[] order = [.. Enumerable.Range(start, n)];
            Array.Sort(order, (a, b) => Rank(x[a]) != Rank(x[b]) ? Rank(x[b]).CompareTo(Rank(x[a])) : a.CompareTo(b));
            foreach (int i in order[..count])
            {
                expected[i] = x[i];
            }
        }

        float[] found = Tensor.From(x, [x.Length / n, n]).Winners(count).ToArray<float>();
        Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), found.Select(BitConverter.SingleToInt32Bits));
    }

    private static double Rank(float x) => float.IsNaN(x) ? double.PositiveInfinity : float.IsInfinity(x) ? double.MaxValue : Math.Abs(x);
}
