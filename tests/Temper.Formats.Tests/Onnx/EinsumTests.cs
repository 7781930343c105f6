using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>Einsum against plain loops over all axes.</summary>
public sealed class EinsumTests
{
    /// <summary>Lengths of the axes; <c>b</c> are the samples.</summary>
    private static readonly Dictionary<char, int> Lengths = new() { ['b'] = 2, ['i'] = 3, ['j'] = 4, ['k'] = 5, ['h'] = 2 };

    [Theory]
    [InlineData("bij,bjk->bik")]
    [InlineData("bij,bkj->bik")]
    [InlineData("bij , bjk -> bki")]
    [InlineData("bhij,bhkj->bhik")]
    [InlineData("bihj,bkhj->bhik")]
    [InlineData("bij,bij->bij")]
    [InlineData("bij,bij->b")]
    [InlineData("bij,bk->bijk")]
    [InlineData("bij,bk->bik")]
    [InlineData("bji")]
    [InlineData("bij->bji")]
    [InlineData("bij->b")]
    [InlineData("bij->bi")]
    public void Product_of_computed_operands(string equation)
    {
        string[] terms = equation.Replace(" ", "", StringComparison.Ordinal).Split("->")[0].Split(',');
        var model = new OnnxModelBuilder(13);
        foreach ((int i, string term) in terms.Index())
        {
            model.Input($"x{i}", ["N", .. term.Skip(1).Select(axis => (object)Lengths[axis])]);
        }

        Network network = Read(model.Node("Einsum", string.Join(',', terms.Select((_, i) => $"x{i}")), "y", ("equation", equation)));
        Tensor[] operands = [.. terms.Select(Values)];
        Assert.Equal(Loops(equation, terms, operands), network.Forward(operands, Pass.Evaluation)[^1].ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-4f);
        Assert.Empty(network.Parameters);
    }

    /// <summary>A known second operand without shared axes becomes a linear layer, which pruning can find.</summary>
    [Theory]
    [InlineData("bij,jk->bik", true)]
    [InlineData("bij,kj->bki", true)]
    [InlineData("bhj,hjk->bk", true)]
    [InlineData("bj,hkj->bhk", true)]
    [InlineData("bhj,hkj->bhk", false)]
    [InlineData("bij,ij->bij", false)]
    [InlineData("bij,jk->bi", false)]
    public void Product_with_a_weight(string equation, bool isLayer)
    {
        string[] terms = equation.Split("->")[0].Split(',');
        Tensor[] operands = [.. terms.Select(Values)];
        Network network = Read(new OnnxModelBuilder(13)
            .Input("x", ["N", .. terms[0].Skip(1).Select(axis => (object)Lengths[axis])])
            .Weight("w", operands[1].ToArray<float>(), [.. terms[1].Select(axis => Lengths[axis])])
            .Node("Einsum", "x,w", "y", ("equation", equation)));
        Assert.Equal(Loops(equation, terms, operands), network.Forward(operands[0]).ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-4f);
        Assert.Equal(isLayer, network.Nodes.Any(node => node.Operator is Linear));
        Assert.Single(network.Parameters);
    }

    /// <summary>The samples are only in the second operand, and a constant is in the first.</summary>
    [Fact]
    public void Product_with_a_weight_on_the_left()
    {
        Tensor[] operands = [Values("kj"), Values("bij")];
        Network network = Read(new OnnxModelBuilder(13).Input("x", "N", 3, 4).Weight("w", operands[0].ToArray<float>(), 5, 4).Node("Einsum", "w,x", "y", ("equation", "kj,bij->bik")));
        Assert.Equal(Loops("kj,bij->bik", ["kj", "bij"], operands), network.Forward(operands[1]).ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-4f);
    }

    [Fact]
    public void Ellipsis_stands_for_the_remaining_axes()
    {
        Tensor[] operands = [Values("bhij"), Values("bhjk")];
        Network network = Read(new OnnxModelBuilder(13).Input("x0", "N", 2, 3, 4).Input("x1", "N", 2, 4, 5).Node("Einsum", "x0,x1", "y", ("equation", "...ij,...jk->...ik")));
        Assert.Equal(Loops("bhij,bhjk->bhik", ["bhij", "bhjk"], operands), network.Forward(operands, Pass.Evaluation)[^1].ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-4f);
    }

    [Theory]
    [InlineData("bii->bi")]
    [InlineData("bij->bk")]
    [InlineData("bij,bjk->bik")]
    [InlineData("bi->b")]
    [InlineData("b?j->bj")]
    [InlineData("bij->b->i")]
    [InlineData("")]
    public void Bad_equation_is_refused(string equation)
    {
        byte[] model = new OnnxModelBuilder(13).Input("x", "N", 3, 3).Node("Einsum", "x", "y", ("equation", equation)).Output("y").Bytes();
        Assert.Contains("equation", Assert.Throws<ModelFormatException>(() => OnnxFile.Read(new MemoryStream(model), "x.onnx")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unequal_lengths_are_refused()
    {
        byte[] model = new OnnxModelBuilder(13).Input("x", "N", 3, 4).Weight("w", new float[15], 3, 5).Node("Einsum", "x,w", "y", ("equation", "bij,jk->bik")).Output("y").Bytes();
        Assert.Contains("'j' has different lengths", Assert.Throws<ModelFormatException>(() => OnnxFile.Read(new MemoryStream(model), "x.onnx")).Message, StringComparison.Ordinal);
    }

    /// <summary>A free batch that is summed over or moved cannot be read.</summary>
    [Theory]
    [InlineData("bij->ij")]
    [InlineData("bij->ibj")]
    public void Mixed_samples_are_refused(string equation)
    {
        byte[] model = new OnnxModelBuilder(13).Input("x", "N", 3, 4).Node("Einsum", "x", "y", ("equation", equation)).Output("y").Bytes();
        Assert.Contains("samples", Assert.ThrowsAny<ModelFormatException>(() => OnnxFile.Read(new MemoryStream(model), "x.onnx")).Message, StringComparison.Ordinal);
    }

    private static Network Read(OnnxModelBuilder model) => OnnxFile.Read(new MemoryStream(model.Output("y").Bytes()), "x.onnx").Network;

    private static Tensor Values(string axes)
    {
        int[] shape = [.. axes.Select(axis => Lengths[axis])];
        float[] values = [.. Enumerable.Range(0, shape.Aggregate(1, (product, length) => product * length)).Select(i => ((i * 7 + axes.Length) % 11 / 4f) - 1)];
        return Tensor.From(values, Shape.Create(shape));
    }

    /// <summary>Sums the products over all values of all axes.</summary>
    private static float[] Loops(string equation, string[] terms, Tensor[] operands)
    {
        string[] sides = equation.Replace(" ", "", StringComparison.Ordinal).Split("->");
        char[] axes = [.. string.Concat(terms).Distinct()];
        string result = sides.Length > 1 ? sides[1] : string.Concat(axes.Where(axis => string.Concat(terms).Count(other => other == axis) == 1).Order());
        float[][] values = [.. operands.Select(operand => operand.ToArray<float>())];
        float[] y = new float[result.Aggregate(1, (count, axis) => count * Lengths[axis])];
        var at = axes.ToDictionary(axis => axis, _ => 0);
        for (int step = 0; step < axes.Aggregate(1, (count, axis) => count * Lengths[axis]); step++)
        {
            int rest = step;
            foreach (char axis in axes)
            {
                (rest, at[axis]) = Math.DivRem(rest, Lengths[axis]);
            }

            y[Index(result)] += terms.Select((term, i) => values[i][Index(term)]).Aggregate(1f, (product, value) => product * value);
        }

        return y;

        int Index(string term) => term.Aggregate(0, (index, axis) => (index * Lengths[axis]) + at[axis]);
    }
}
