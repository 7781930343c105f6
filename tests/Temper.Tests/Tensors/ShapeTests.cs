using Temper.Tensors;

namespace Temper.Tests.Tensors;

public sealed class ShapeTests
{
    /// <summary>
    /// For spreads and indices from the end, C# prefers Length over Count; on a shape, Count is the number of elements.
    /// </summary>
    [Fact]
    public void Shape_spreads_and_counts_from_the_end_by_its_axes()
    {
        Shape sample = [3, 4, 5];
        Shape batch = [2, .. sample];
        Assert.Equal(Shape.Create(2, 3, 4, 5), batch);
        Assert.Equal(5, sample[^1]);
        Assert.Equal(60, sample.Count);
    }

    /// <summary>A shape can be that of a weight, so the message must not speak of a batch alone.</summary>
    [Fact]
    public void Shape_with_too_many_elements_says_what_can_be_shorter()
    {
        string message = Assert.Throws<ArgumentOutOfRangeException>(() => Shape.Create(int.MaxValue, 784)).Message;
        Assert.StartsWith("Shape: too many elements (got [2147483647, 784] = 1683627179248, expected at most 2147483647); shorten an axis", message, StringComparison.Ordinal);
        Assert.Contains("features of a layer", message, StringComparison.Ordinal);
    }
}
