using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Sum or mean over some axes.</summary>
internal sealed class SumOperation(string name, Tensor x, int[] axes, bool isMean, Shape shape) : Operation(x)
{
    internal override string Name => name;

    private float Factor => isMean ? 1f / (x.Count / (float)Math.Max(shape.Count, 1)) : 1;

    protected override Tensor Forward()
    {
        if (axes.Length == x.Rank)
        {
            Tensor all = Tensor.Allocate(shape);
            double sum = Reductions.Sum(x.Physical());
            all.Writable()[0] = (float)(isMean ? sum / x.Count : sum);
            return all;
        }

        Tensor partial = x.ToRowMajor();
        for (int i = axes.Length - 1; i >= 0; i--)
        {
            int axis = axes[i];
            Shape s = partial.Shape;
            Tensor next = Tensor.Allocate(s.With(axis, 1));
            Reductions.Axis(
                default(SumReducer), partial.Physical(), next.Writable(), s.CountOf(0, axis), s[axis],
                s.CountOf(axis + 1, s.Rank));
            partial = next;
        }

        if (axes.Length == 0)
        {
            Tensor copy = Tensor.Allocate(x.Shape);
            partial.Physical().CopyTo(copy.Writable());
            partial = copy;
        }

        if (isMean)
        {
            Elementwise.Apply(new Scale(x.Count == 0 ? float.NaN : Factor), partial.Physical(), partial.Writable());
        }

        return partial.View(shape);
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dy = gradient.ToRowMajor().View(ReduceAxes.Without(x.Shape, axes, keepDims: true));
        Tensor dx = Tensor.Allocate(x.Shape);
        Broadcasting.Expand(dy.Physical(), dy.Shape.AsSpan(), dx.Writable(), x.Shape.AsSpan());
        if (isMean)
        {
            Elementwise.Apply(new Scale(Factor), dx.Physical(), dx.Writable());
        }

        inputs.Add(0, dx);
    }
}
