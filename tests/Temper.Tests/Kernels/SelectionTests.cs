using System.Numerics;
using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class SelectionTests
{
    private const int Rows = 3;

    public static TheoryData<int, int> Sizes
    {
        get
        {
            (int Columns, int Count)[] all =
            [
                (1, 1), (7, 3), (10, 10), (4, 0), (64, 40), (65, 9), (100, 5), (100, 60), (257, 257), (3200, 320), (5000, 1), (5000, 2500), (40_000, 39_999),
            ];
            var sizes = new TheoryData<int, int>();
            foreach ((int columns, int count) in VectorWidths.Sizes(all, size => size.Columns, most: 5000))
            {
                sizes.Add(columns, count);
            }

            return sizes;
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Sizes))]
    public void Selections_are_those_of_a_stable_sort(int columns, int count)
    {
        float[] spread = Samples.Uniform(Rows * columns, 8);
        Check(spread, columns, count);
        Check([.. spread.Select(v => MathF.Round(v * 3) * -0f)], columns, count);   // zeros of both signs are equal
        Check([.. spread.Select(v => MathF.Round(v * 3))], columns, count);
        Check([.. spread.Select((v, i) => i % 7 == 0 ? Special(i) : v * float.Exp2(i % 60))], columns, count);
        Check([.. spread.Select(v => 1 + (v * 1e-6f))], columns, count);   // keys that differ in their last digits only
        Check([.. Enumerable.Range(0, Rows * columns)], columns, count);
        Check([.. spread.Select(v => (long)(v * 1e18))], columns, count);
        Check([.. spread.Select(v => (byte)(int)(v * 200))], columns, count);
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads() => Near.SameForAnyThreads(() =>
    {
        long[] index = new long[40 * 300];
        Selection.TopK<float>(Samples.Uniform(40 * 3000, 5), index, 3000, isSmallest: true);
        return [.. index.Select(place => (float)place)];
    });

    private static float Special(int i) => (i / 7 % 5) switch
    {
        0 => float.NaN,
        1 => float.PositiveInfinity,
        2 => float.NegativeInfinity,
        3 => BitConverter.UInt32BitsToSingle(0xFFC0_0001),   // another NaN, negative
        _ => float.Epsilon,
    };

    private static void Check<T>(T[] x, int columns, int count)
        where T : unmanaged, INumber<T>
    {
        foreach (bool isSmallest in new[] { false, true })
        {
            long[] index = new long[Rows * count], one = new long[Rows];
            Selection.TopK<T>(x, index, columns, isSmallest);
            if (count > 0)
            {
                Selection.KthValue<T>(x, one, count, isSmallest);
            }

            for (int row = 0; row < Rows; row++)
            {
                long[] expected = Sorted(x.AsSpan(row * columns, columns).ToArray(), isSmallest)[..count];
                Assert.Equal(expected, index[(row * count)..((row + 1) * count)]);
                Assert.Equal(count == 0 ? 0 : expected[^1], one[row]);
            }
        }
    }

    /// <summary>NaN compares larger than every number; LINQ's sort is stable.</summary>
    private static long[] Sorted<T>(T[] row, bool isSmallest)
        where T : unmanaged, INumber<T>
    {
        var order = Comparer<T>.Create((a, b) => T.IsNaN(a) || T.IsNaN(b) ? T.IsNaN(a).CompareTo(T.IsNaN(b)) : a < b ? -1 : a > b ? 1 : 0);
        IEnumerable<long> places = Enumerable.Range(0, row.Length).Select(i => (long)i);
        return [.. isSmallest ? places.OrderBy(i => row[i], order) : places.OrderByDescending(i => row[i], order)];
    }
}
