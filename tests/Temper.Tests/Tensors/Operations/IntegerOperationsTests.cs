using Temper.Tensors;

namespace Temper.Tests.Tensors.Operations;

/// <summary>Tests operations on tensors other than float32 against .NET arithmetic.</summary>
public sealed class IntegerOperationsTests
{
    private static readonly long[] A = [7, -7, 0, 3, long.MaxValue, -1];
    private static readonly long[] B = [2, 2, -5, -1, 3, 4];

    private static readonly Dictionary<string, (Func<Tensor, Tensor, Tensor> Apply, Func<long, long, long> Expected)> Pairs = new(StringComparer.Ordinal)
    {
        ["Add"] = ((x, y) => x + y, (x, y) => unchecked(x + y)),
        ["Subtract"] = ((x, y) => x - y, (x, y) => unchecked(x - y)),
        ["Multiply"] = ((x, y) => x * y, (x, y) => unchecked(x * y)),
        ["Divide"] = ((x, y) => x / y, (x, y) => x / y),
        ["Maximum"] = ((x, y) => x.Maximum(y), Math.Max),
        ["Minimum"] = ((x, y) => x.Minimum(y), Math.Min),
        ["Pow"] = ((x, y) => x.Pow(y), (x, y) => y < 0 ? (x is 1 or -1 ? (y % 2 == 0 ? 1 : x) : 0) : Enumerable.Repeat(x, (int)y).Aggregate(1L, (p, f) => unchecked(p * f))),
        ["EqualTo"] = ((x, y) => x.EqualTo(y), (x, y) => x == y ? 1 : 0),
        ["GreaterThan"] = ((x, y) => x.GreaterThan(y), (x, y) => x > y ? 1 : 0),
        ["GreaterThanOrEqualTo"] = ((x, y) => x.GreaterThanOrEqualTo(y), (x, y) => x >= y ? 1 : 0),
        ["LessThan"] = ((x, y) => x.LessThan(y), (x, y) => x < y ? 1 : 0),
        ["LessThanOrEqualTo"] = ((x, y) => x.LessThanOrEqualTo(y), (x, y) => x <= y ? 1 : 0),
    };

    public static TheoryData<string> PairNames => [.. Pairs.Keys];

    [Theory]
    [MemberData(nameof(PairNames))]
    public void Int64_pairs_are_those_of_plain_arithmetic_and_broadcast(string name)
    {
        (Func<Tensor, Tensor, Tensor> apply, Func<long, long, long> expected) = Pairs[name];
        Tensor same = apply(Tensor.From(A, [2, 3]), Tensor.From(B, [2, 3])).To(DType.Int64);
        Assert.Equal(A.Zip(B, expected), same.ToArray<long>());
        Tensor broadcast = apply(Tensor.From(A, [6, 1]), Tensor.From(B, [1, 6])).To(DType.Int64);
        Assert.Equal(A.SelectMany(a => B.Select(b => expected(a, b))), broadcast.ToArray<long>());
        Assert.Equal(Shape.Create(6, 6), broadcast.Shape);
        Assert.Equal(Shape.Create(0, 6), apply(Tensor.From<long>([], [0, 1]), Tensor.From(B, [1, 6])).Shape);
    }

    [Theory]
    [MemberData(nameof(PairNames))]
    public void Other_integers_wrap_in_their_own_width(string name)
    {
        (Func<Tensor, Tensor, Tensor> apply, Func<long, long, long> expected) = Pairs[name];
        int[] a = [7, -7, 100_000, int.MaxValue], b = [2, 3, 100_000, 1];
        if (name is not "Pow")
        {
            Assert.Equal(a.Zip(b, (x, y) => unchecked((int)expected(x, y))), apply(Tensor.From(a, [4]), Tensor.From(b, [4])).To(DType.Int32).ToArray<int>());
        }

        byte[] c = [7, 250, 3, 255], d = [2, 9, 4, 255];
        Assert.Equal(c.Zip(d, (x, y) => unchecked((byte)expected(x, y))), apply(Tensor.From(c, [4]), Tensor.From(d, [4])).To(DType.UInt8).ToArray<byte>());
    }

    [Fact]
    public void Different_dtypes_and_zero_divisors_are_refused()
    {
        Tensor x = Tensor.From(A, [6]);
        Assert.Contains("Int64 and Float32", Assert.Throws<ArgumentException>(() => x + Tensor.Ones([6])).Message);
        Assert.Contains("divisor is zero", Assert.Throws<ArgumentException>(() => x / Tensor.From(new long[6], [6])).Message);
        Assert.Contains("Bool", Assert.Throws<ArgumentException>(() => Tensor.Scalar(true) + Tensor.Scalar(false)).Message);
        Assert.Equal([long.MinValue], (Tensor.Scalar(long.MinValue) / Tensor.Scalar(-1L)).ToArray<long>());
    }

    [Fact]
    public void Truth_values_are_joined_and_chosen_by()
    {
        Tensor p = Tensor.From([true, true, false, false], [4]), q = Tensor.From([true, false, true, false], [4]);
        Assert.Equal([true, false, false, false], p.And(q).ToArray<bool>());
        Assert.Equal([true, true, true, false], p.Or(q).ToArray<bool>());
        Assert.Equal([false, true, true, false], p.Xor(q).ToArray<bool>());
        Assert.Equal([false, false, true, true], p.Not().ToArray<bool>());
        Assert.Equal([true, false, false, true], p.EqualTo(q).ToArray<bool>());
        Assert.Equal([1L, 2, 7, 7], Tensor.From<long>([1, 2, 3, 4], [4]).Where(p, Tensor.Scalar(7L)).ToArray<long>());
        Assert.Equal([true], p.Max().ToArray<bool>());
        Assert.Equal([false], p.Min().ToArray<bool>());
    }

    [Fact]
    public void Signs_magnitudes_and_negatives_of_integers()
    {
        Tensor x = Tensor.From<long>([5, -3, 0], [3]);
        Assert.Equal([-5L, 3, 0], x.Negate().ToArray<long>());
        Assert.Equal([5L, 3, 0], x.Abs().ToArray<long>());
        Assert.Equal([1L, -1, 0], x.Sign().ToArray<long>());
    }

    /// <summary>
    /// 2^53 + 1 is not representable as a double, so a conversion to floating point on the way would be detected.
    /// </summary>
    [Fact]
    public void Reductions_and_selections_of_integers_are_exact()
    {
        long large = (1L << 53) + 1;
        Tensor x = Tensor.From<long>([large, large - 1, 3, large, 4, 5], [2, 3]);
        Assert.Equal([large + large, large + 3, 8], x.Sum([0]).ToArray<long>());
        Assert.Equal([large, large], x.Max([1]).ToArray<long>());
        Assert.Equal([3L, 4], x.Min([1]).ToArray<long>());
        Assert.Equal([60L], Tensor.From<int>([3, 4, 5], [3]).Product().To(DType.Int64).ToArray<long>());
        Assert.Equal([0L, 0], x.ArgMax(1).ToArray<long>());
        Assert.Equal([2L, 1], x.ArgMin(1).ToArray<long>());
        Assert.Equal([1L, 2], Tensor.From<long>([1, 9, 4, 2, 9, 9], [2, 3]).ArgMax(1, last: true).ToArray<long>());
        (Tensor values, Tensor places) = x.TopK(2, axis: 1, largest: false);
        Assert.Equal([3L, large - 1, 4, 5], values.ToArray<long>());
        Assert.Equal([2L, 1, 1, 2], places.ToArray<long>());
        Assert.Equal([0L, 0, 0], Tensor.From<long>([], [0, 3]).Sum([0]).ToArray<long>());
        Assert.Throws<ShapeMismatchException>(() => Tensor.From<long>([], [0, 3]).Max([0]));
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.Int64)]
    [InlineData(DType.Int32)]
    [InlineData(DType.UInt8)]
    [InlineData(DType.Bool)]
    public void Elements_are_moved_whatever_they_are(DType type)
    {
        Tensor x = Tensor.From<int>([0, 1, 0, 1, 1, 0], [2, 3]).To(type);
        Check([0, 1, 1, 1, 0, 0], [3, 2], x.Permute(1, 0));
        Check([1, 0, 1, 0], [2, 2], x.Slice(1, 1));
        Check([0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0], [4, 3], Tensor.Concatenate([x, x], 0));
        Check([0, 1, 0, 0, 1, 1, 0, 0], [2, 4], x.Pad([0, 0], [0, 1]));
        Check([0, 1, 0, 0, 1, 1], [2, 3], x.Flip(1));
        Check([1, 0, 1, 0], [2, 2], x.IndexSelect(1, Tensor.From<int>([-2, 2], [2])));
        Check([0, 1], [2, 1], x.Gather(1, Tensor.From<long>([-1, 0], [2, 1])));
        Check([0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0], [2, 2, 3], x.Expand([2, 2, 3]));
        Check([0, 1, 0, 1, 1, 0], [6], x.Flatten(0));

        void Check(int[] expected, int[] lengths, Tensor moved)
        {
            Assert.Equal(type, moved.DType);
            Assert.Equal(lengths, moved.Shape);
            Assert.Equal(expected, moved.To(DType.Int32).ToArray<int>());
        }
    }

    [Fact]
    public void Conversions_cut_off_keep_low_bits_and_know_truth()
    {
        Assert.Equal([1L, -1, 0], Tensor.From<float>([1.9f, -1.9f, float.NaN], [3]).To(DType.Int64).ToArray<long>());
        Assert.Equal([(1L << 53) + 1], Tensor.From<long>([(1L << 53) + 1], [1]).To(DType.Int64).ToArray<long>());
        Assert.Equal([1, -1], Tensor.From<long>([(1L << 32) + 1, -1], [2]).To(DType.Int32).ToArray<int>());
        Assert.Equal([true, false, true], Tensor.From<float>([0.1f, 0, float.NaN], [3]).To(DType.Bool).ToArray<bool>());
        Assert.Equal([1f, 0], Tensor.From([true, false], [2]).To(DType.Float32).ToArray<float>());
    }

    /// <summary>Flat indices of the window maxima, in row-major and column-major order, counted by hand.</summary>
    [Fact]
    public void Places_of_pooled_values_count_through_the_tensor()
    {
        Tensor x = Tensor.From<float>([1, 5, 2, 0, 3, 4, 9, 1, 7], [1, 1, 3, 3]);
        Assert.Equal([1L, 1, 6, 8], x.MaxPool2dIndices(Pool2dOptions.Of(2, 1)).ToArray<long>());
        Assert.Equal([3L, 3, 2, 8], x.MaxPool2dIndices(Pool2dOptions.Of(2, 1), isColumnMajor: true).ToArray<long>());
        Assert.Equal([0L, 1, 6, 8], x.MaxPool2dIndices(Pool2dOptions.Of(2, 2, 1)).ToArray<long>());
    }

    [Fact]
    public void Bytes_are_divided_by_255_which_is_not_minus_one()
    {
        byte[] x = [0, 1, 200, 254, 255];
        Tensor quotients = Tensor.From(x, [5]) / Tensor.Scalar((byte)255);
        Assert.Equal(x.Select(value => (byte)(value / 255)), quotients.ToArray<byte>());
    }
}
