using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>
/// Aug-Conv layer on morphed samples: computes <c>y = x C + b</c>. Only the nonzero blocks of <c>C</c> are stored (see
/// <see cref="AugConvPattern"/>).
/// </summary>
/// <param name="x">
/// Morphed samples, <c>[N, ...]</c>, with <see cref="AugConvSizes.Inputs"/> elements per sample.
/// </param>
/// <param name="weight">Stored blocks of <c>C</c>, concatenated.</param>
/// <param name="bias">Bias <c>[O]</c>; null: none.</param>
/// <param name="pattern">Sizes and the positions of the stored blocks.</param>
internal sealed class AugConvOperation(Tensor x, Tensor weight, Tensor? bias, AugConvPattern pattern)
    : Operation(bias is null ? [x, weight] : [x, weight, bias])
{
    private int Samples => x.Shape[0];

    private int Features => pattern.Sizes.Pixels * pattern.Sizes.Outputs;

    internal override string Name => "AugConv";

    protected override Tensor Forward()
    {
        if (weight.Count != pattern.Count || x.Count != (long)Samples * pattern.Sizes.Inputs)
        {
            throw new ShapeMismatchException(
                "AugConv", x.Shape, weight.Shape,
                $"expected {pattern.Sizes.Inputs} elements per sample and {pattern.Count} weights");
        }

        Tensor y = Tensor.Allocate(
            [Samples, pattern.Sizes.Outputs, pattern.Sizes.OutHeight, pattern.Sizes.OutWidth], Layout.ChannelsLast);
        Tensor rows = x.ToRowMajor();
        if (!pattern.IsDense)
        {
            WorkerPool.Current.Run(new ForwardWork(pattern, rows, weight, bias, y), Blocks * pattern.Groups.Count);
            return y;
        }

        Gemm.Multiply(
            new MatrixView(rows.Physical(), Samples, pattern.Sizes.Inputs),
            new MatrixView(weight.Physical(), pattern.Sizes.Inputs, Features), y.Writable());
        if (bias is not null)
        {
            AddBias(y.Writable(), bias.Physical());
        }

        return y;
    }

    /// <summary>Computes dx = dy Cᵀ, dC = xᵀ dy and db = Σ dy over samples and pixels.</summary>
    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dy = gradient.InLayout(Layout.ChannelsLast);
        if (inputs.Wants(0))
        {
            Tensor dx = Tensor.Zeros([Samples, pattern.Sizes.Inputs]);
            WorkerPool.Current.Run(new InputWork(pattern, dx, weight, dy), Blocks);
            inputs.Add(0, dx.Reshape(x.Shape));
        }

        if (inputs.Wants(1))
        {
            Tensor dWeight = Tensor.Allocate(weight.Shape);
            WorkerPool.Current.Run(new WeightWork(pattern, x.ToRowMajor(), dWeight, dy), pattern.Groups.Count);
            inputs.Add(1, dWeight);
        }

        if (bias is not null && inputs.Wants(2))
        {
            Tensor db = Tensor.Allocate(bias.Shape);
            Reductions.ColumnSums(dy.Physical(), db.Writable(), Samples * pattern.Sizes.Pixels, pattern.Sizes.Outputs);
            inputs.Add(2, db);
        }
    }

    private int Blocks => Chunks.Count(Samples, AugConvProduct.BlockRows);

    private static void AddBias(Span<float> y, ReadOnlySpan<float> bias)
    {
        for (int index = 0; index < y.Length; index += bias.Length)
        {
            Span<float> pixel = y.Slice(index, bias.Length);
            TensorPrimitives.Add(pixel, bias, pixel);
        }
    }

    private static (int Start, int Count) Part(int samples, int block, int width)
    {
        int first = block * AugConvProduct.BlockRows;
        return (checked(first * width), Math.Min(AugConvProduct.BlockRows, samples - first) * width);
    }

    private sealed class ForwardWork(AugConvPattern pattern, Tensor x, Tensor weight, Tensor? bias, Tensor y)
        : IPoolWork
    {
        public void Run(int task, int thread)
        {
            (int block, int group) = Math.DivRem(task, pattern.Groups.Count);
            (int xStart, int xCount) = Part(x.Shape[0], block, pattern.Sizes.Inputs);
            (int yStart, int yCount) = Part(x.Shape[0], block, pattern.Sizes.Pixels * pattern.Sizes.Outputs);
            AugConvProduct.Forward(
                pattern, pattern.Groups[group], x.Physical().Slice(xStart, xCount), weight.Physical(),
                bias is null ? default : bias.Physical(),
                y.Writable().Slice(yStart, yCount));
        }
    }

    /// <summary>
    /// Input gradient of one block of samples. A task processes all groups in sequence, because several groups add to
    /// the same core.
    /// </summary>
    private sealed class InputWork(AugConvPattern pattern, Tensor dx, Tensor weight, Tensor dy) : IPoolWork
    {
        public void Run(int task, int thread)
        {
            (int xStart, int xCount) = Part(dx.Shape[0], task, pattern.Sizes.Inputs);
            (int yStart, int yCount) = Part(dx.Shape[0], task, pattern.Sizes.Pixels * pattern.Sizes.Outputs);
            foreach (AugConvGroup group in pattern.Groups)
            {
                AugConvProduct.BackwardInput(
                    pattern, group, dx.Writable().Slice(xStart, xCount), weight.Physical(),
                    dy.Writable().Slice(yStart, yCount));
            }
        }
    }

    private sealed class WeightWork(AugConvPattern pattern, Tensor x, Tensor dWeight, Tensor dy) : IPoolWork
    {
        public void Run(int task, int thread) =>
            AugConvProduct.BackwardWeight(
                pattern, pattern.Groups[task], x.Physical(), dWeight.Writable(), dy.Writable());
    }
}
