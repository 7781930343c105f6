using Temper.Kernels;
using Temper.Kernels.Lanes;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class ElementwiseTests
{
    private delegate void Unary(ReadOnlySpan<float> x, Span<float> y);

    private delegate void Binary(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z);

    private static readonly Dictionary<string, (Unary Kernel, Func<double, double> Truth, double Tolerance)> UnaryTable = new(StringComparer.Ordinal)
    {
        ["Negate"] = (Of(default(Negate)), x => -x, 0),
        ["Absolute"] = (Of(default(Absolute)), Math.Abs, 0),
        ["SquareRoot"] = (Of(default(SquareRoot)), Math.Sqrt, 1e-7),
        ["Square"] = (Of(default(Square)), x => x * x, 1e-7),
        ["Reciprocal"] = (Of(default(Reciprocal)), x => 1 / x, 1e-7),
        ["Sign"] = (Of(default(Sign)), x => double.IsNaN(x) ? x : Math.Sign(x), 0),
        ["Relu"] = (Of(default(Relu)), x => double.IsNaN(x) ? x : Math.Max(x, 0), 0),
        ["LeakyRelu"] = (Of(new LeakyRelu(0.1f)), x => x > 0 ? x : (double)0.1f * x, 1e-7),
        ["Clamp"] = (Of(new Clamp(-0.5f, 0.25f)), x => double.IsNaN(x) ? x : Math.Clamp(x, -0.5, 0.25), 0),
        ["Affine"] = (Of(new Affine(2, 3)), x => (2 * x) + 3, 1e-7),
        ["Scale"] = (Of(new Scale(0.5f)), x => 0.5 * x, 1e-7),
        ["Exp"] = (Transcendental.Exp, Math.Exp, 5e-7),
        ["Log"] = (Transcendental.Log, Math.Log, 5e-7),
        ["Tanh"] = (Transcendental.Tanh, Math.Tanh, 5e-7),
        ["Sigmoid"] = (Transcendental.Sigmoid, x => 1 / (1 + Math.Exp(-x)), 5e-7),
        ["Softplus"] = (Transcendental.Softplus, x => Math.Max(x, 0) + double.LogP1(Math.Exp(-Math.Abs(x))), 5e-7),
        ["Pow3"] = ((x, y) => Transcendental.Pow(x, 3, y), x => x * x * x, 2e-6),
        ["Pow2"] = ((x, y) => Transcendental.Pow(x, 2, y), x => x * x, 1e-7),
        ["PowHalf"] = ((x, y) => Transcendental.Pow(x, 0.5f, y), Math.Sqrt, 1e-7),
    };

    private static readonly Dictionary<string, (Binary Kernel, Func<double, double, double> Truth)> BinaryTable = new(StringComparer.Ordinal)
    {
        ["Add"] = (Of2(default(AddKernel)), (x, y) => x + y),
        ["Subtract"] = (Of2(default(SubtractKernel)), (x, y) => x - y),
        ["Multiply"] = (Of2(default(MultiplyKernel)), (x, y) => x * y),
        ["Divide"] = (Of2(default(DivideKernel)), (x, y) => x / y),
        ["Maximum"] = (Of2(default(MaximumKernel)), Math.Max),
        ["Minimum"] = (Of2(default(MinimumKernel)), Math.Min),
        ["MultiplyAddTo"] = (Of2(new MultiplyAddTo(2)), (x, y) => (2 * x) + y),
        ["SquaredDifference"] = (Of2(default(SquaredDifference)), (x, y) => (x - y) * (x - y)),
        ["ShiftedProduct"] = (Of2(new ShiftedProduct(0.5f)), (x, y) => (x - 0.5) * y),
        ["MoveTowards"] = (Of2(new MoveTowards(0.25f)), (x, y) => x + (0.25 * (y - x))),
        ["AddSignedSlope"] = (Of2(new AddSignedGradient(0.5f, 0.25f)), (x, y) => y + (x > 0 ? 0.5 : x < 0 ? -0.5 : 0) - (0.25 * x)),
        ["AddTransformedSlope"] = (Of2(new AddTransformedGradient(0.5f)), (x, y) => y + ((x > 0 ? 1 : x < 0 ? -1 : 0) / ((1 + Math.Abs(x)) * (1 + Math.Abs(x))))),
        ["HuberLoss"] = (Of2(new HuberLoss(0.5f)), (x, y) => Math.Abs(x - y) <= 0.5 ? (x - y) * (x - y) / 2 : 0.5 * (Math.Abs(x - y) - 0.25)),
        ["HuberGradient"] = (Of2(new HuberGradient(0.5f)), (x, y) => double.IsNaN(x - y) ? double.NaN : Math.Clamp(x - y, -0.5, 0.5)),
        ["ReluGradient"] = (Of2(default(ReluGradient)), (x, dy) => x <= 0 ? 0 : dy),
        ["LeakyReluGradient"] = (Of2(new LeakyReluGradient(0.1f)), (x, dy) => x > 0 ? dy : (double)0.1f * dy),
        ["HyperbolicTangentGradient"] = (OfSlope(Transcendental.Tanh, default(HyperbolicTangentGradient)), (x, dy) => dy * (1 - Math.Pow(Math.Tanh(x), 2))),
        ["LogisticGradient"] = (OfSlope(Transcendental.Sigmoid, default(LogisticGradient)), (x, dy) => dy * Math.Exp(-Math.Abs(x)) / Math.Pow(1 + Math.Exp(-Math.Abs(x)), 2)),
        ["AbsoluteGradient"] = (Of2(default(AbsoluteGradient)), (x, dy) => dy * (double.IsNaN(x) ? x : Math.Sign(x))),
        ["SquareRootGradient"] = (Of2(default(SquareRootGradient)), (r, dy) => dy / (2 * r)),
        ["LogGradient"] = (Of2(default(LogGradient)), (x, dy) => dy / x),
        ["ReciprocalGradient"] = (Of2(default(ReciprocalGradient)), (r, dy) => -dy * (r * r)),
        ["ClampGradient"] = (Of2(new ClampGradient(-0.5f, 0.5f)), (x, dy) => x is >= -0.5 and <= 0.5 ? dy : 0),
        ["Pow"] = (Transcendental.Pow, Math.Pow),
    };

    public static TheoryData<string> UnaryNames => [.. UnaryTable.Keys];

    public static TheoryData<string> BinaryNames => [.. BinaryTable.Keys];

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(UnaryNames))]
    public void Unary_operator_matches_its_formula_at_every_length(string name)
    {
        (Unary kernel, Func<double, double> truth, double tolerance) = UnaryTable[name];
        foreach (int length in Samples.Lengths)
        {
            float[] x = Samples.Uniform(length, 1, -4, 4), y = new float[length + 1];
            y[length] = 77;
            kernel(x, y.AsSpan(0, length));
            Near.Equal([.. x.Select(v => truth(v))], y.AsSpan(0, length), tolerance);
            Assert.Equal(77, y[length]);
            kernel(x, x);
            Assert.Equal(y[..length], x);
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(UnaryNames))]
    public void Unary_operator_keeps_the_rules_for_special_numbers(string name)
    {
        (Unary kernel, Func<double, double> truth, double tolerance) = UnaryTable[name];
        float[] x = Samples.SpecialsRepeated(101), y = new float[101];
        kernel(x, y);
        for (int i = 0; i < x.Length; i++)
        {
            Near.Equal(truth(x[i]), y[i], tolerance, $"{name}({x[i]:R})");
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(BinaryNames))]
    public void Binary_operator_matches_its_formula_at_every_length(string name)
    {
        (Binary kernel, Func<double, double, double> truth) = BinaryTable[name];
        foreach (int length in Samples.Lengths)
        {
            float[] x = Samples.Uniform(length, 1, -2, 2), y = Samples.Uniform(length, 2, -2, 2), z = new float[length + 1];
            z[length] = 77;
            kernel(x, y, z.AsSpan(0, length));
            Near.Equal([.. x.Select((v, i) => truth(v, y[i]))], z.AsSpan(0, length), 2e-6);
            Assert.Equal(77, z[length]);
            float[] left = [.. x];
            kernel(left, y, left);
            Assert.Equal(z[..length], left);
            kernel(x, y, y);
            Assert.Equal(z[..length], y);
        }
    }

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(BinaryNames))]
    public void Binary_operator_keeps_the_rules_for_special_numbers(string name)
    {
        if (name is "MoveTowards")
        {
            return;   // y - x overflows in float but not in double
        }

        (Binary kernel, Func<double, double, double> truth) = BinaryTable[name];
        float[] x = new float[121], y = new float[121], z = new float[121];
        for (int i = 0; i < x.Length; i++)
        {
            (x[i], y[i]) = (Samples.Specials[i / 11], Samples.Specials[i % 11]);
        }

        kernel(x, y, z);
        for (int i = 0; i < x.Length; i++)
        {
            double expected = truth(x[i], y[i]);
            if (Math.Abs(expected) < 1e-37 || IsExtreme(x[i]) || IsExtreme(y[i]))
            {
                continue;   // intermediate steps overflow or underflow in float
            }

            Near.Equal(expected, z[i], 2e-6, $"{name}({x[i]:R}, {y[i]:R})");
        }
    }

    [Fact]
    public void Ties_share_the_gradient_of_a_maximum()
    {
        float[] x = [1, 2, 3], y = [1, 3, 2], dz = [8, 8, 8], dx = new float[3], dy = new float[3];
        Elementwise.Apply(default(GreaterGradient), x, y, dz, dx);
        Elementwise.Apply(default(GreaterGradient), y, x, dz, dy);
        Assert.Equal([4f, 0f, 8f], dx);
        Assert.Equal([4f, 8f, 0f], dy);
        Elementwise.Apply(default(LessGradient), x, y, dz, dx);
        Assert.Equal([4f, 8f, 0f], dx);
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads() => Near.SameForAnyThreads(() =>
    {
        float[] x = Samples.Uniform(100_003, 3), y = Samples.Uniform(100_003, 4);
        Elementwise.Apply(default(MultiplyKernel), x, y, y);
        Elementwise.Accumulate(0.5f, x, y);
        Transcendental.Exp(y, y);
        return y;
    });

    /// <summary>The body reads no memory, so that the test needs no array of this length.</summary>
    [Fact]
    public unsafe void The_last_chunk_of_the_longest_tensor_ends_where_it_should()
    {
        const int First = int.MaxValue / Chunks.Floats * Chunks.Floats;
        long count = 0;
        LaneLoop.Parallel(new CountFrom(First, &count), int.MaxValue);
        Assert.Equal((long)int.MaxValue - First, count);
    }

    [Fact]
    public void Operands_of_other_length_throw() =>
        Assert.Throws<ArgumentException>(() => Elementwise.Apply(default(AddKernel), new float[3], new float[4], new float[4]));

    private static bool IsExtreme(float x) => Math.Abs(x) is > 1e30f and < float.PositiveInfinity or > 0 and < 1e-30f;

    private static Unary Of<TOperator>(TOperator f)
        where TOperator : unmanaged, IUnaryOperator => (x, y) => Elementwise.Apply(f, x, y);

    /// <summary>
    /// Adapts a gradient kernel of input, value and output gradient to a function of input and output gradient.
    /// </summary>
    private static Binary OfSlope<TOperator>(Unary value, TOperator f)
        where TOperator : unmanaged, ITernaryOperator => (x, dy, dx) =>
        {
            float[] y = new float[x.Length];
            value(x, y);
            Elementwise.Apply(f, x, y, dy, dx);
        };

    private static Binary Of2<TOperator>(TOperator f)
        where TOperator : unmanaged, IBinaryOperator => (x, y, z) => Elementwise.Apply(f, x, y, z);

    /// <summary>Counts the elements from an index on.</summary>
    private readonly unsafe struct CountFrom(int first, long* count) : ILaneBody
    {
        public void Invoke<T>(int i)
            where T : unmanaged, ILanes<T>
        {
            if (i >= first)
            {
                Interlocked.Add(ref *count, T.Count);
            }
        }
    }
}
