using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Kernels;

/// <summary>
/// Tests activations and their gradients against double precision, for magnitudes from 1e-30 to 1e4 of both signs.
/// </summary>
[Trait("Category", VectorWidths.Kernels)]
public sealed class ActivationPrecisionTests
{
    private const double Relative = 1e-6, Floor = 1.2e-38;

    private static readonly Dictionary<string, (Operator Operator, Func<double, double> Value, Func<double, double> Slope)> Table = new(StringComparer.Ordinal)
    {
        ["Tanh"] = (new Tanh(), Math.Tanh, x => 4 * Small(2 * x) / Math.Pow(1 + Small(2 * x), 2)),
        ["Sigmoid"] = (new Sigmoid(), Logistic, LogisticSlope),
        ["Softplus"] = (new Softplus(), Softplus, Logistic),
        ["Elu"] = (new Elu(0.7f), x => x > 0 ? x : 0.7f * ExpMinusOne(x), x => x > 0 ? 1 : 0.7f * Math.Exp(x)),
        ["Celu"] = (new Celu(1.5f), x => x > 0 ? x : 1.5 * ExpMinusOne(x / 1.5), x => x > 0 ? 1 : Math.Exp(x / 1.5)),
        ["Selu"] = (new Selu(), x => 1.05070102f * (double)(x > 0 ? x : 1.67326319f * ExpMinusOne(x)), x => 1.05070102f * (x > 0 ? 1 : 1.67326319f * Math.Exp(x))),
        ["Gelu"] = (new Gelu(), x => x * Normal(x), x => Normal(x) + (x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI))),
        ["Gelu tanh"] = (new Gelu(IsApproximate: true), x => x * Logistic(Inner(x)), x => Logistic(Inner(x)) + (x * LogisticSlope(Inner(x)) * InnerSlope(x))),
        ["Mish"] = (new Pointwise(PointwiseFunction.Mish), x => x * Math.Tanh(Softplus(x)), MishSlope),
        ["Swish"] = (new Pointwise(PointwiseFunction.Swish), x => x * Logistic(x), x => Logistic(x) + (x * LogisticSlope(x))),
        ["Softsign"] = (new Pointwise(PointwiseFunction.Softsign), x => x / (1 + Math.Abs(x)), x => 1 / Math.Pow(1 + Math.Abs(x), 2)),
    };

    public static TheoryData<string> Names => [.. Table.Keys];

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Names))]
    public void Values_and_slopes_have_a_small_relative_error_near_zero_and_far_out(string name)
    {
        (Operator activation, Func<double, double> value, Func<double, double> slope) = Table[name];
        const int PerDecade = 25, Decades = 34;
        float[] magnitudes = [.. Enumerable.Range(0, (PerDecade * Decades) + 1).Select(i => (float)Math.Pow(10, -30 + (i / (double)PerDecade)))];
        float[] numbers = [.. magnitudes, .. magnitudes.Select(magnitude => -magnitude)];
        Network network = Network.Build(new InputSpec { Name = "x", SampleShape = [1] }, input => input.Apply(activation)).Initialize(RandomStream.FromSeed(1));
        Tensor x = Tensor.From(numbers, [numbers.Length, 1]);
        using var tape = new GradientTape();
        tape.Watch(x);
        Tensor y = network.Forward(x, Pass.Evaluation);
        float[] values = y.ToArray<float>(), slopes = tape.Gradient(y.Sum(), x).ToArray<float>();
        for (int i = 0; i < numbers.Length; i++)
        {
            Check(value, numbers[i], values[i], "value");
            Check(slope, numbers[i], slopes[i], "slope");
        }
    }

    /// <summary>
    /// The tolerance: 1e-6 relative, the change of the value over two units in the last place of the argument, and an
    /// absolute floor of about the smallest normal number.
    /// </summary>
    private static void Check(Func<double, double> truth, float x, float found, string what)
    {
        double step = 2 * (double)(MathF.BitIncrement(MathF.Abs(x)) - MathF.Abs(x)), expected = truth(x);
        double argument = Math.Max(Math.Abs(truth(x + step) - expected), Math.Abs(truth(x - step) - expected));
        double bound = (Relative * Math.Abs(expected)) + argument + Floor;
        Assert.True(Math.Abs(found - expected) <= bound, $"{what} at {x:R}: got {found:R}, expected {expected:R} within {bound:G3}");
    }

    private static double Small(double x) => Math.Exp(-Math.Abs(x));

    /// <summary>A series near zero, where <c>double.ExpM1</c> and <c>double.LogP1</c> lose all digits.</summary>
    private static double ExpMinusOne(double x) => Math.Abs(x) < 1e-5 ? x + (x * x / 2) + (x * x * x / 6) : Math.Exp(x) - 1;

    private static double LogOnePlus(double x) => x < 1e-5 ? x - (x * x / 2) + (x * x * x / 3) : Math.Log(1 + x);

    private static double Logistic(double x) => (x < 0 ? Small(x) : 1) / (1 + Small(x));

    private static double LogisticSlope(double x) => Small(x) / Math.Pow(1 + Small(x), 2);

    private static double Softplus(double x) => Math.Max(x, 0) + LogOnePlus(Small(x));

    private static double Inner(double x) => 2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715f * x * x * x));

    private static double InnerSlope(double x) => 2 * Math.Sqrt(2 / Math.PI) * (1 + (3 * 0.044715f * x * x));

    private static double MishSlope(double x)
    {
        double e = Small(x), t = Math.Tanh(Softplus(x));
        double rest = x < 0 ? 4 * e * (1 + e) / Math.Pow((e * (e + 2)) + 2, 2) : 4 * e * e * (1 + e) / Math.Pow(1 + (2 * e) + (2 * e * e), 2);
        return t + (x * rest);
    }

    /// <summary>erfc(-x/√2) / 2: a series near zero, a continued fraction in the tail.</summary>
    private static double Normal(double x)
    {
        double square = x * x;
        if (Math.Abs(x) < 4)
        {
            double term = x, sum = x;
            for (int n = 1; n < 200; n++)
            {
                term *= square / ((2 * n) + 1);
                sum += term;
            }

            return 0.5 + (sum * Math.Exp(-square / 2) / Math.Sqrt(2 * Math.PI));
        }

        double fraction = Math.Abs(x);
        for (int n = 300; n > 0; n--)
        {
            fraction = Math.Abs(x) + (n / fraction);
        }

        double tail = Math.Exp(-square / 2) / Math.Sqrt(2 * Math.PI) / fraction;
        return x < 0 ? tail : 1 - tail;
    }
}
