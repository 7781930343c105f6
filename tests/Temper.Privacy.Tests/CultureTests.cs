using Temper.Privacy.Audit;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Privacy.Tests;

/// <summary>Warnings are the same in every culture.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Warnings_have_decimal_points()
    {
        // Five features of a picture with two channels.
        Tensor weights = Tensor.From([1f, 2, 2, 1, 1, 3, 3, 1, 1, 1], [5, 2, 1, 1]);
        using var commas = new CommaCulture();
        Assert.StartsWith("there are 2.5 times as many features", FirstLayerCheck.Of(weights, stride: 1).Warnings.Single(), StringComparison.Ordinal);
    }
}
