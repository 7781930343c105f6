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
}
