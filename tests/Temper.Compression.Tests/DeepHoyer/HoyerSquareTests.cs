using Temper.Compression.DeepHoyer;
using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Compression.Tests.DeepHoyer;

/// <summary>Properties of Hoyer-Square that the paper states, checked numerically.</summary>
public sealed class HoyerSquareTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    public void Of_m_equal_weights_the_value_is_m(int m)
    {
        float[] w = [.. Enumerable.Range(0, 64).Select(i => i >= m ? 0 : i % 2 == 0 ? 0.3f : -0.3f)];
        Assert.Equal(m, Value(w, out _), 1e-4);
    }

    [Fact]
    public void Of_normal_weights_the_value_is_two_over_pi_of_their_number() =>
        Assert.Equal(2 / Math.PI, Value(Samples.Gaussian(100_000, 1), out _) / 100_000, 5e-3);

    [Fact]
    public void Of_uniform_weights_the_value_is_three_quarters_of_their_number() =>
        Assert.Equal(0.75, Value(Samples.Uniform(100_000, 1), out _) / 100_000, 5e-3);

    [Fact]
    public void Weights_below_the_trimming_threshold_are_pulled_to_zero_and_those_above_pushed_away()
    {
        float[] w = Samples.Gaussian(500, 2);
        double threshold = w.Sum(x => (double)x * x) / w.Sum(x => Math.Abs((double)x));
        Value(w, out float[] gradient);
        Assert.All(w.Zip(gradient), pair => Assert.Equal(Math.Abs(pair.First) < threshold, Math.Sign(pair.First) == Math.Sign(pair.Second)));
    }

    [Theory]
    [InlineData(1e-8f)]
    [InlineData(1e8f)]
    public void Tiny_and_huge_weights_keep_it_finite(float scale)
    {
        double value = Value([.. Samples.Gaussian(1000, 3).Select(x => x * scale)], out float[] gradient);
        Assert.InRange(value, 500, 800);
        Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
    }

    private static double Value(float[] w, out float[] gradient)
    {
        gradient = new float[w.Length];
        var parameter = new Parameter { Name = "w", Value = Tensor.From(w, [1, w.Length]), Role = ParameterRole.LinearWeight };
        return new HoyerSquare { Strength = 1 }.AddGradient(parameter, w, gradient);
    }
}
