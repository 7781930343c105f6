using Temper.Tensors;
using Temper.Testing;
using Temper.Testing.References;

namespace Temper.Tests.Tensors.Operations;

internal static partial class OperationTable
{
    private static IEnumerable<OperationRow> Reductions()
    {
        foreach ((int[] axes, bool keep) in new (int[], bool)[] { ([], false), ([1], false), ([-1, 1], true), ([2, 3], false), ([0], true) })
        {
            string name = $"axes [{string.Join(", ", axes)}]{(keep ? ", kept" : "")}";
            int[]? over = axes.Length == 0 ? null : axes;
            OperationRow Row(string method, Func<Tensor, Tensor> apply, Func<double[], double> f, Domain domain = Domain.Anywhere, bool takesNothing = true, string of = "") =>
                new(method, x => apply(x[0]), x => ReferenceArithmetic.Reduce(x[0], over, keep, f), In(2, 3, 2, 4) with { Domain = domain })
                {
                    Case = $"{name}{of}", TakesEmptyBatch = takesNothing || (over is not null && !over.Contains(0)),
                };
            yield return Row("Sum", x => x.Sum(axes, keep), v => v.Sum());
            yield return Row("Product", x => x.Product(axes, keep), v => v.Aggregate(1.0, (a, b) => a * b), Domain.AwayFromZero);
            yield return Row("Product", x => (x - 0.03f).Product(axes, keep), v => v.Aggregate(1.0, (a, b) => a * (b - (double)0.03f)), Domain.FarApart, of: ", some next to zero");
            yield return Row("Mean", x => x.Mean(axes, keep), ReferenceArithmetic.Mean);
            yield return Row("Max", x => x.Max(axes, keep), v => v.Max(), Domain.FarApart, takesNothing: false);
            yield return Row("Min", x => x.Min(axes, keep), v => v.Min(), Domain.FarApart, takesNothing: false);
            yield return Row("Norm", x => x.Norm(2, axes, keep), v => Math.Sqrt(v.Sum(a => a * a)), of: ", p = 2");
            yield return Row("Norm", x => x.Norm(1, axes, keep), v => v.Sum(Math.Abs), Domain.AwayFromZero, of: ", p = 1");
            yield return Row("Norm", x => x.Norm(float.PositiveInfinity, axes, keep), v => v.Max(Math.Abs), Domain.FarApart, takesNothing: false, of: ", p = infinity");
            yield return Row("Variance", x => x.Variance(axes, 1, keep), v => ReferenceArithmetic.Variance(v, 1), of: ", unbiased");
            yield return Row("Variance", x => x.Variance(axes, 0, keep), v => ReferenceArithmetic.Variance(v, 0), of: ", biased");
        }

        yield return new("TopK", x => x[0].TopK(3).Values, x => ReferenceShapes.TopK(x[0], 3), In(3, 5) with { Domain = Domain.FarApart });
        yield return new("Winners", x => x[0].Winners(7), x => ReferenceShapes.Winners(x[0], 7, perChannel: false), In(2, 3, 2, 4) with { Domain = Domain.FarApart });
        yield return new(
            "Winners", x => x[0].Winners(2, new WinnerOptions { Unit = WinnerUnit.Channels, Score = ChannelScore.Max }),
            x => ReferenceShapes.Winners(x[0], 2, perChannel: true), In(2, 3, 2, 4) with { Domain = Domain.FarApart }) { Case = "channels" };
        yield return new(
            "TopK", x => x[0].TopK(2, axis: 1, largest: false).Values,
            x => ReferenceArithmetic.Map(
                ReferenceShapes.Permute(ReferenceShapes.TopK(ReferenceArithmetic.Map(ReferenceShapes.Permute(x[0], 0, 2, 1), v => -v), 2), 0, 2, 1), v => -v),
            In(3, 5, 2) with { Domain = Domain.FarApart }) { Case = "smallest, middle axis" };
        yield return new(
            "KthValue", x => x[0].KthValue(2, axis: 1).Values,
            x => ReferenceShapes.KthValue(x[0], 1, 2), In(3, 5, 2) with { Domain = Domain.FarApart });
    }

    private static IEnumerable<OperationRow> Rearrangements()
    {
        RowInput image = In(2, 3, 2, 4);
        yield return new("Reshape(Shape)", x => x[0].Reshape(Shape.Create(x[0].Shape[0], 6, 4)), x => ReferenceShapes.Reshape(x[0], x[0].Lengths[0], 6, 4), image);
        yield return new("Reshape(ReadOnlySpan`1)", x => x[0].Reshape(-1, 12, 2), x => ReferenceShapes.Reshape(x[0], x[0].Lengths[0], 12, 2), image);
        yield return new("Flatten", x => x[0].Flatten(), x => ReferenceShapes.Reshape(x[0], x[0].Lengths[0], 24), image);
        yield return new("Squeeze", x => x[0].Squeeze(-2), x => ReferenceShapes.Reshape(x[0], x[0].Lengths[0], 3), In(2, 1, 3));
        yield return new("Unsqueeze", x => x[0].Unsqueeze(-1), x => ReferenceShapes.Reshape(x[0], x[0].Lengths[0], 3, 1), In(2, 3));
        yield return new("Permute", x => x[0].Permute(3, 0, -3, 2), x => ReferenceShapes.Permute(x[0], 3, 0, 1, 2), image);
        yield return new("Transpose", x => x[0].Transpose(), x => ReferenceShapes.Permute(x[0], 0, 1, 3, 2), image);
        yield return new("Slice", x => x[0].Slice(1, 1), x => ReferenceShapes.Slice(x[0], 1, 1, 1, 2), image) { Case = "to the end" };
        yield return new("Slice", x => x[0].Slice(-1, -3, 100, 2), x => ReferenceShapes.Slice(x[0], 3, 1, 2, 2), image) { Case = "from the end, every second" };
        yield return new("Slice", x => x[0].Slice(3, 3, 1), x => ReferenceShapes.Slice(x[0], 3, 3, 1, 0), image) { Case = "nothing" };
        foreach ((PadMode mode, long[] rows) in new (PadMode, long[])[] { (PadMode.Reflect, [2, 1, 0, 1, 2, 1]), (PadMode.Edge, [0, 0, 0, 1, 2, 2]), (PadMode.Wrap, [1, 2, 0, 1, 2, 0]) })
        {
            yield return new(
                "Pad(ReadOnlySpan`1, ReadOnlySpan`1, PadMode)", x => x[0].Pad([0, 2, 0, 0], [0, 1, 0, 0], mode), x => ReferenceShapes.IndexSelect(x[0], 1, rows), image) { Case = $"{mode}" };
        }

        yield return new("Flip", x => x[0].Flip(1), x => ReferenceShapes.IndexSelect(x[0], 1, [2, 1, 0]), image);
        yield return new("Flip", x => x[0].Flip(1, -2), x => ReferenceShapes.IndexSelect(ReferenceShapes.IndexSelect(x[0], 1, [2, 1, 0]), 2, [1, 0]), image) { Case = "two axes" };
        yield return new("Pad(ReadOnlySpan`1, ReadOnlySpan`1, Single)", x => x[0].Pad([0, 1, 0, 2], [0, 0, 3, 1], 0.5f), x => ReferenceShapes.Pad(x[0], [0, 1, 0, 2], [0, 0, 3, 1], 0.5), image);
        yield return new("Expand", x => x[0].Expand([4, x[0].Shape[0], 3, 5]), x => ReferenceShapes.Expand(x[0], 4, x[0].Lengths[0], 3, 5), In(2, 3, 1));
        yield return new("Concatenate", x => Tensor.Concatenate(x, 1), x => ReferenceShapes.Concatenate(x, 1), image, In(2, 1, 2, 4), In(2, 0, 2, 4));
        yield return new("Concatenate", x => Tensor.Concatenate(x, -1), x => ReferenceShapes.Concatenate(x, 1), In(2, 3), In(2, 2)) { Case = "last axis" };
        yield return new(
            "Stack", x => Tensor.Stack(x, -1), x => ReferenceShapes.Concatenate([.. x.Select(part => ReferenceShapes.Reshape(part, [.. part.Lengths, 1]))], 2), In(2, 3), In(2, 3));
        yield return new(
            "Gather", x => x[0].Gather(1, Tensor.From(Picks(x[0].Shape[0]), [x[0].Shape[0], 5])),
            x => ReferenceShapes.Gather(x[0], 1, Picks(x[0].Lengths[0]), [x[0].Lengths[0], 5]), In(2, 4));
        long[] chosen = [2, 0, 2, 1];
        yield return new("IndexSelect", x => x[0].IndexSelect(-3, Tensor.From(chosen, [4])), x => ReferenceShapes.IndexSelect(x[0], 1, chosen), image);

        static long[] Picks(int rows) => Samples.Labels(rows * 5, 4, seed: 3);
    }

    private static IEnumerable<OperationRow> Products()
    {
        (RowInput Left, RowInput Right)[] pairs =
        [
            (In(2, 3), Parameter(3, 4)), (In(2, 3, 4), In(2, 4, 5)), (In(2, 1, 3, 4), Parameter(3, 4, 2)), (Parameter(4), Parameter(4)), (In(2, 3, 4), Parameter(4)), (Parameter(4), In(2, 4, 3)),
        ];
        foreach ((RowInput left, RowInput right) in pairs)
        {
            yield return new("MatMul", x => x[0].MatMul(x[1]), x => ReferenceArithmetic.MatMul(x[0], x[1]), left, right)
            {
                Case = $"{Shape.Create(left.Lengths)} by {Shape.Create(right.Lengths)}",
            };
        }

        yield return new("Linear", x => x[0].Linear(x[1], x[2]), x => ReferenceArithmetic.Linear(x[0], x[1], x[2]), In(3, 2, 4), Parameter(5, 4), Parameter(5)) { Case = "bias" };
        yield return new("Linear", x => x[0].Linear(x[1]), x => ReferenceArithmetic.Linear(x[0], x[1], null), In(3, 4), Parameter(5, 4));
    }
}
