using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Optimization;

public sealed class OptimizationTests
{
    [Fact]
    public void Clipping_by_norm_brings_the_norm_to_its_bound()
    {
        float[] a = Samples.Uniform(1000, 1), b = Samples.Uniform(50, 2);
        double squares = GradientClipping.SumOfSquares(a) + GradientClipping.SumOfSquares(b);
        float scale = new GradientClipping { MaxNorm = 2 }.ScaleFor(squares);
        Assert.Equal(2, Math.Sqrt(squares) * scale, 1e-5);
        Assert.Equal(1, new GradientClipping { MaxNorm = 1e6f }.ScaleFor(squares));
        Assert.Equal(1, new GradientClipping().ScaleFor(squares));
    }

    [Fact]
    public void Clipping_by_value_bounds_each_element()
    {
        float[] gradient = [-3, -0.5f, 0, 2, float.NaN];
        new GradientClipping { MaxValue = 1 }.ClipValues(gradient);
        Assert.Equal([-1, -0.5f, 0, 1, float.NaN], gradient);
        Assert.Throws<ArgumentOutOfRangeException>(() => new GradientClipping { MaxValue = 0 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new GradientClipping { MaxNorm = float.NaN }.Validate());
    }

    [Fact]
    public void Average_follows_the_weights()
    {
        float[] average = [0, 8], value = [4, 8];
        new WeightAverage { Decay = 0.75f, WarmUp = false }.Update(average, value, updates: 0);
        Assert.Equal([1f, 8f], average);
        new WeightAverage { Decay = 0.75f }.Update(average, value, updates: 0);   // decay 1 / 10
        Assert.Equal(3.7f, average[0], 1e-5f);
    }

    [Fact]
    public void Groups_multiply_rates_and_the_last_decay_counts()
    {
        ParameterGroup[] groups =
        [
            new() { RateFactor = 0.5f, WeightDecay = 0.1f },
            new() { Names = "fc?.*", RateFactor = 0.5f },
            ParameterGroup.NoDecayOnBiasAndNorm,
            new() { Names = "conv1.*", IsFrozen = true },
        ];
        ParameterGroup weight = ParameterGroup.Resolve(groups, Named("fc1.weight", ParameterRole.LinearWeight));
        Assert.Equal((0.25f, 0.1f, false), (weight.RateFactor, weight.WeightDecay, weight.IsFrozen));
        ParameterGroup bias = ParameterGroup.Resolve(groups, Named("fc1.bias", ParameterRole.Bias));
        Assert.Equal((0.25f, 0f, false), (bias.RateFactor, bias.WeightDecay, bias.IsFrozen));
        Assert.True(ParameterGroup.Resolve(groups, Named("conv1.weight", ParameterRole.ConvolutionWeight)).IsFrozen);
        Assert.True(ParameterGroup.Resolve([], Named("x", ParameterRole.Other) with { IsTrainable = false }).IsFrozen);
        Assert.Null(ParameterGroup.Resolve([], Named("x", ParameterRole.Other)).WeightDecay);
    }

    private static Parameter Named(string name, ParameterRole role) => new() { Name = name, Role = role, Value = Tensor.Ones([1]) };
}
