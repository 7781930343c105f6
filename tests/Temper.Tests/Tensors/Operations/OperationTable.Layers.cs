using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Testing.References;

namespace Temper.Tests.Tensors.Operations;

internal static partial class OperationTable
{
    private static IEnumerable<OperationRow> Images()
    {
        yield return Convolution("plain", 3, 4, new Window((3, 3)));
        yield return Convolution("uneven", 2, 3, new Window((3, 2)) { Stride = (2, 1), Top = 1, Right = 2, Dilation = (1, 2) });
        yield return Convolution("groups", 4, 6, new Window((2, 2)) { Groups = 2, Stride = (1, 2), Left = 1 });
        yield return Convolution("depthwise", 4, 4, new Window((3, 3)) { Groups = 4, Top = 1, Left = 1, Bottom = 1, Right = 1 });
        yield return Convolution("depthwise, two each", 3, 6, new Window((3, 3)) { Groups = 3, Stride = (2, 2), Top = 1, Left = 1, Bottom = 1, Right = 1 });
        yield return Convolution("pointwise, no bias", 4, 3, new Window((1, 1)), hasBias: false);
        yield return Transposed("plain", 3, 2, new Window((3, 3)), (0, 0));
        yield return Transposed("uneven", 2, 3, new Window((3, 2)) { Stride = (2, 3), Top = 1, Right = 1, Dilation = (1, 2) }, (1, 2));
        yield return Transposed("groups, no bias", 4, 6, new Window((2, 2)) { Groups = 2, Stride = (2, 2), Left = 1 }, (0, 0), hasBias: false);

        RowInput image = In(2, 3, 5, 6) with { Domain = Domain.FarApart };
        foreach (Window window in new Window[]
        {
            new((2, 2)) { Stride = (2, 2) }, new((3, 2)) { Stride = (2, 3), Top = 1, Left = 1, Right = 1, Ceiling = true }, new((3, 3)) { Top = 1, Left = 1, Bottom = 1, Right = 1 },
        })
        {
            yield return new("MaxPool2d", x => x[0].MaxPool2d(Options(window)), x => ReferenceImages.MaxPool2d(x[0], window), image) { Case = $"{window}" };
            foreach (bool counts in new[] { true, false })
            {
                yield return new(
                    "AvgPool2d", x => x[0].AvgPool2d(Options(window) with { CountsPadding = counts }), x => ReferenceImages.AvgPool2d(x[0], window, counts), image)
                    { Case = $"{window}, padding counts: {counts}" };
            }
        }

        var wide = new Window((2, 3)) { Dilation = (2, 2), Left = 1, Right = 1 };
        yield return new("MaxPool2d", x => x[0].MaxPool2d(Options(wide)), x => ReferenceImages.MaxPool2d(x[0], wide), image) { Case = "dilation" };
        yield return new("AdaptiveAvgPool2d", x => x[0].AdaptiveAvgPool2d(3, 4), x => ReferenceImages.AdaptiveAvgPool2d(x[0], 3, 4), image);
        yield return new("AdaptiveAvgPool2d", x => x[0].AdaptiveAvgPool2d(7, 2), x => ReferenceImages.AdaptiveAvgPool2d(x[0], 7, 2), image) { Case = "larger" };
        foreach (GridPadding padding in Enum.GetValues<GridPadding>())
        {
            foreach (bool aligns in new[] { true, false })
            {
                foreach (GridInterpolation interpolation in Enum.GetValues<GridInterpolation>())
                {
                    var options = new GridSampleOptions { Interpolation = interpolation, Padding = padding, AlignCorners = aligns };
                    yield return new(
                        "GridSample", x => x[0].GridSample(x[1], options),
                        x => ReferenceGridSample.Of(x[0], x[1], interpolation == GridInterpolation.Nearest, $"{padding}", aligns), In(2, 3, 4, 3), In(2, 3, 5, 2))
                        { Case = $"{interpolation}, {padding}, corners aligned: {aligns}" };
                }
            }
        }

        yield return new("GlobalAvgPool2d", x => x[0].GlobalAvgPool2d(), x => ReferenceImages.AdaptiveAvgPool2d(x[0], 1, 1), image);
    }

    private static IEnumerable<OperationRow> Normalizations()
    {
        float[] mean = [0.5f, -0.25f, 0.125f], variance = [1.5f, 0.5f, 2];
        double[] wideMean = [0.5, -0.25, 0.125], wideVariance = [1.5, 0.5, 2];
        foreach (RowInput input in new[] { In(4, 3, 2, 3), In(5, 3), In(4, 3, 5), In(2, 3, 2, 2, 2) })
        {
            RowInput[] inputs = [input, Parameter(3), Parameter(3)];
            yield return new(
                "BatchNorm", x => x[0].BatchNorm(x[1], x[2], Tensor.From(mean, [3]), Tensor.From(variance, [3]), 1e-3f),
                x => ReferenceLayers.BatchNorm(x[0], x[1], x[2], wideMean, wideVariance, 1e-3f), inputs) { Case = $"rank {input.Lengths.Length}" };
            yield return new(
                "BatchNormTraining", x => x[0].BatchNormTraining(x[1], x[2], 1e-3f, out _),
                x => ReferenceLayers.BatchNormTraining(x[0], x[1], x[2], 1e-3f), inputs) { Case = $"rank {input.Lengths.Length}" };
        }

        yield return new(
            "LayerNorm", x => x[0].LayerNorm(x[1], x[2], 1e-3f), x => ReferenceLayers.LayerNorm(x[0], x[1], x[2], 1e-3f), In(3, 2, 5), Parameter(5), Parameter(5));
        foreach (RowInput input in new[] { In(3, 4), In(2, 4, 3), In(2, 4, 3, 2) })
        {
            yield return new(
                "GroupNorm", x => x[0].GroupNorm(2, x[1], x[2], 1e-3f), x => ReferenceLayers.GroupNorm(x[0], 2, x[1], x[2], 1e-3f), input, Parameter(4), Parameter(4))
                { Case = $"rank {input.Lengths.Length}" };
        }

        foreach (int axis in new[] { -1, 1, 0 })
        {
            yield return new("Softmax", x => x[0].Softmax(axis), x => ReferenceLayers.LogSoftmax(x[0], axis < 0 ? 3 : axis).Map(Math.Exp), In(2, 3, 2, 4)) { Case = $"axis {axis}" };
            yield return new("LogSoftmax", x => x[0].LogSoftmax(axis), x => ReferenceLayers.LogSoftmax(x[0], axis < 0 ? 3 : axis), In(2, 3, 2, 4)) { Case = $"axis {axis}" };
        }

        // The mask depends on the stream, so the reference takes it from Dropout itself. The row checks that value and
        // gradient use the same mask.
        RandomStream stream = RandomStream.FromSeed(5);
        yield return new(
            "Dropout", x => x[0].Dropout(0.4f, stream),
            x => new Grid(x[0].Lengths, [.. Tensor.Ones(Shape.Create(x[0].Lengths)).Dropout(0.4f, stream).ToArray<float>().Zip(x[0].Values, (stays, value) => stays > 0 ? value / (1 - 0.4f) : 0)]),
            In(2, 3, 4, 5));
    }

    private static IEnumerable<OperationRow> Losses()
    {
        RowInput logits = In(4, 5), target = In(4, 5) with { Domain = Domain.Fractions };
        foreach (LossReduction reduction in Enum.GetValues<LossReduction>())
        {
            string name = $"{reduction}";
            foreach ((float smoothing, float[]? weights) in new (float, float[]?)[] { (0, null), (0.25f, null), (0, [1, 2, 0.5f, 0.25f, 3]), (0.25f, [1, 2, 0.5f, 0.25f, 3]) })
            {
                var options = new CrossEntropyOptions { LabelSmoothing = smoothing, ClassWeights = weights, Reduction = reduction };
                double[]? wide = weights?.Select(w => (double)w).ToArray();
                string details = $"{name}, smoothing {smoothing}{(weights is null ? "" : ", weights")}";
                yield return new(
                    "CrossEntropy", x => x[0].CrossEntropy(LabelsOf(x[0].Shape[0]), options), x => ReferenceLayers.CrossEntropy(x[0], Samples.Labels(x[0].Lengths[0], 5, 6), smoothing, wide, name), logits)
                    { Case = details };
                yield return new("CrossEntropy", x => x[0].CrossEntropy(x[1], options), x => ReferenceLayers.SoftCrossEntropy(x[0], x[1], smoothing, wide, name), logits, target)
                    { Case = $"soft targets, {details}" };
            }

            yield return new(
                "NegativeLogLikelihood", x => x[0].NegativeLogLikelihood(LabelsOf(x[0].Shape[0]), reduction),
                x => ReferenceLayers.Reduced([.. Samples.Labels(x[0].Lengths[0], 5, 6).Select((label, row) => -x[0][row, (int)label])], [x[0].Lengths[0]], name, x[0].Lengths[0]), logits) { Case = name };
            yield return new("MeanSquaredError", x => x[0].MeanSquaredError(x[1], reduction), x => ReferenceLayers.Loss(x[0], x[1], (a, b) => (a - b) * (a - b), name), In(3, 2, 2, 3), In(3, 2, 2, 3)) { Case = name };
            yield return new("Huber", x => x[0].Huber(x[1], 0.75f, reduction), x => ReferenceLayers.Loss(x[0], x[1], Huber, name), In(3, 4), In(3, 4)) { Case = name };
            yield return new(
                "BinaryCrossEntropyWithLogits", x => x[0].BinaryCrossEntropyWithLogits(x[1], reduction),
                x => ReferenceLayers.Loss(x[0], x[1], (a, t) => -(t * Math.Log(1 / (1 + Math.Exp(-a)))) - ((1 - t) * Math.Log(1 - (1 / (1 + Math.Exp(-a))))), name),
                logits, target with { IsConstant = true }) { Case = name };
        }

        static double Huber(double a, double b) => Math.Abs(a - b) <= 0.75 ? (a - b) * (a - b) / 2 : 0.75 * (Math.Abs(a - b) - 0.375);

        static Tensor LabelsOf(int rows) => Tensor.From(Samples.Labels(rows, 5, 6), [rows]);
    }

    private static OperationRow Convolution(string name, int inputs, int outputs, Window window, bool hasBias = true)
    {
        RowInput[] operands = [In(2, inputs, 5, 4), Parameter(outputs, inputs / window.Groups, window.Kernel.Y, window.Kernel.X), Parameter(outputs)];
        return new OperationRow(
            "Conv2d", x => x[0].Conv2d(x[1], hasBias ? x[2] : null, Conv2dOptionsOf(window)),
            x => ReferenceImages.Conv2d(x[0], x[1], hasBias ? x[2] : null, window), hasBias ? operands : operands[..2]) { Case = name };
    }

    private static OperationRow Transposed(string name, int inputs, int outputs, Window window, (int Height, int Width) extra, bool hasBias = true)
    {
        RowInput[] operands = [In(2, inputs, 3, 4), Parameter(inputs, outputs / window.Groups, window.Kernel.Y, window.Kernel.X), Parameter(outputs)];
        return new OperationRow(
            "ConvTranspose2d", x => x[0].ConvTranspose2d(x[1], hasBias ? x[2] : null, Conv2dOptionsOf(window) with { OutputPadding = extra }),
            x => ReferenceImages.ConvTranspose2d(x[0], x[1], hasBias ? x[2] : null, window, extra), hasBias ? operands : operands[..2]) { Case = name };
    }

    private static Padding2d PaddingOf(Window window) => new(window.Top, window.Left, window.Bottom, window.Right);

    private static Conv2dOptions Conv2dOptionsOf(Window window) =>
        new() { Stride = window.Stride, Padding = PaddingOf(window), Dilation = window.Dilation, Groups = window.Groups };

    private static Pool2dOptions Options(Window window) =>
        new() { Kernel = window.Kernel, Stride = window.Stride, Padding = PaddingOf(window), Dilation = window.Dilation, CeilingMode = window.Ceiling };
}
