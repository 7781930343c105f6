using Temper.Networks;
using Temper.Tensors;

namespace Temper.Tests.Tensors.Operations;

/// <summary>
/// Checks that invalid arguments are rejected before any computation, with a message of the form
/// <c>operation: what is wrong (got ..., expected ...)</c>.
/// </summary>
public sealed class OperationErrorTests
{
    private static readonly Dictionary<string, Action> Mismatches = new(StringComparer.Ordinal)
    {
        ["Add"] = () => _ = Zeros(2, 3) + Zeros(2, 4),
        ["Where"] = () => Zeros(2, 3).Where(Zeros(3).EqualTo(Zeros(3)), Zeros(4)),
        ["Divide"] = () => _ = Zeros(2, 3) / Zeros(3, 3),
        ["EqualTo"] = () => Zeros(2, 3).EqualTo(Zeros(2)),
        ["Reshape"] = () => Zeros(2, 3).Reshape(4, -1),
        ["Squeeze"] = () => Zeros(2, 3).Squeeze(0),
        ["Expand"] = () => Zeros(2, 3).Expand([3, 3]),
        ["Concatenate"] = () => Tensor.Concatenate([Zeros(2, 3), Zeros(3, 2)], 0),
        ["Gather"] = () => Zeros(2, 3).Gather(1, Tensor.From<long>([0], [1])),
        ["IndexSelect"] = () => Zeros(2, 3).IndexSelect(1, Tensor.From<long>([0], [1, 1])),
        ["MatMul"] = () => Zeros(2, 3).MatMul(Zeros(2, 3)),
        ["Linear"] = () => Zeros(2, 3).Linear(Zeros(4, 2)),
        ["Linear bias"] = () => Zeros(2, 3).Linear(Zeros(4, 3), Zeros(3)),
        ["Conv2d"] = () => Zeros(1, 3, 4, 4).Conv2d(Zeros(2, 2, 3, 3)),
        ["Conv2d weight"] = () => Zeros(1, 3, 4, 4).Conv2d(Zeros(2, 3, 3)),
        ["ConvTranspose2d"] = () => Zeros(1, 3, 4, 4).ConvTranspose2d(Zeros(2, 3, 3, 3)),
        ["MaxPool2d"] = () => Zeros(1, 3, 1, 1).MaxPool2d(Pool2dOptions.Of(2)),
        ["AvgPool2d"] = () => Zeros(3, 4, 4).AvgPool2d(Pool2dOptions.Of(2)),
        ["AdaptiveAvgPool2d"] = () => Zeros(3, 4, 4).AdaptiveAvgPool2d(2, 2),
        ["GlobalAvgPool2d"] = () => Zeros(3, 4).GlobalAvgPool2d(),
        ["BatchNorm"] = () => Zeros(2, 3).BatchNorm(Zeros(2), Zeros(2), Zeros(2), Zeros(2)),
        ["LayerNorm"] = () => Zeros(2, 3).LayerNorm(Zeros(2), Zeros(2)),
        ["GroupNorm"] = () => Zeros(2, 3).GroupNorm(2, Zeros(3), Zeros(3)),
        ["GridSample"] = () => Zeros(2, 3, 4, 4).GridSample(Zeros(1, 2, 2, 2)),
        ["CrossEntropy"] = () => Zeros(2, 3).CrossEntropy(Tensor.From<long>([0], [1])),
        ["NegativeLogLikelihood"] = () => Zeros(2, 3).NegativeLogLikelihood(Tensor.From<long>([0], [1])),
        ["MeanSquaredError"] = () => Zeros(2, 3).MeanSquaredError(Zeros(2)),
        ["Huber"] = () => Zeros(2, 3).Huber(Zeros(2)),
        ["BinaryCrossEntropyWithLogits"] = () => Zeros(2, 3).BinaryCrossEntropyWithLogits(Zeros(2)),
        ["Max"] = () => Zeros(2, 0).Max([1]),
        ["ArgMax"] = () => Zeros(2, 0).ArgMax(),
    };

    private static readonly Dictionary<string, Action> BadArguments = new(StringComparer.Ordinal)
    {
        ["NegativeLogLikelihood: label"] = () => Zeros(2, 3).NegativeLogLikelihood(Tensor.From<long>([0, -1], [2])),
        ["Sum: axis"] = () => Zeros(2, 3).Sum([2]),
        ["Softmax: axis"] = () => Zeros(2, 3).Softmax(-3),
        ["Flatten: axis"] = () => Zeros(2, 3).Flatten(3),
        ["Unsqueeze: axis"] = () => Zeros(2, 3).Unsqueeze(4),
        ["Slice: axis"] = () => Zeros(2, 3).Slice(2, 0),
        ["TopK: count"] = () => Zeros(2, 3).TopK(4),
        ["KthValue: rank"] = () => Zeros(2, 3).KthValue(0),
        ["Norm: p"] = () => Zeros(2, 3).Norm(3),
        ["Gather: index"] = () => Zeros(2, 3).Gather(1, Tensor.From<long>([0, 3], [2, 1])),
        ["IndexSelect: index"] = () => Zeros(2, 3).IndexSelect(1, Tensor.From<long>([-4], [1])),
        ["CrossEntropy: label"] = () => Zeros(2, 3).CrossEntropy(Tensor.From<long>([0, 3], [2])),
        ["Conv2d: negative padding"] = () => Zeros(1, 3, 4, 4).Conv2d(Zeros(2, 3, 3, 3), options: new() { Padding = new(-1, 0, 0, 0) }),
        ["Conv2d: stride"] = () => Zeros(1, 3, 4, 4).Conv2d(Zeros(2, 3, 3, 3), options: new() { Stride = (0, 1) }),
        ["ConvTranspose2d: output padding"] = () => Zeros(1, 3, 4, 4).ConvTranspose2d(Zeros(3, 2, 3, 3), options: new() { OutputPadding = (0, 1) }),
        ["MaxPool2d: padding of a whole window"] = () => Zeros(1, 3, 4, 4).MaxPool2d(Pool2dOptions.Of(1, 1, 1)),
        ["AvgPool2d: negative padding"] = () => Zeros(1, 3, 4, 4).AvgPool2d(Pool2dOptions.Of(2, 1, -1)),
        ["Conv2d: window above 2^32"] = () => Zeros(1, 1, 8, 8).Conv2d(Zeros(1, 1, 5, 5), options: Conv2dOptions.Of(dilation: 1 << 30)),
        ["MaxPool2d: window above 2^32"] = () => Zeros(1, 1, 8, 8).MaxPool2d(Pool2dOptions.Of(5, 1) with { Dilation = (1 << 30, 1 << 30) }),
        ["MaxPool2d: dilation"] = () => Zeros(1, 3, 4, 4).MaxPool2d(Pool2dOptions.Of(2) with { Dilation = (0, 1) }),
    };

    public static TheoryData<string> Operations => [.. Mismatches.Keys];

    [Fact]
    public void Slice_with_the_largest_step_takes_one_element() =>
        Assert.Equal([1f], Tensor.From([1f, 2, 3], [3]).Slice(0, 0, step: int.MaxValue).ToArray<float>());

    public static TheoryData<string> Arguments => [.. BadArguments.Keys];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Shape_that_does_not_fit_is_refused_by_name(string operation)
    {
        var error = Assert.Throws<ShapeMismatchException>(Mismatches[operation]);
        Assert.StartsWith(operation, error.Message, StringComparison.Ordinal);
        Assert.Matches(@"^[A-Za-z2 .]+: .+ \(got .+(, expected .+\)|\); .+)$", error.Message);
    }

    [Theory]
    [MemberData(nameof(Arguments))]
    public void Argument_that_is_out_of_range_is_refused(string name)
    {
        var error = Assert.ThrowsAny<ArgumentException>(BadArguments[name]);
        Assert.Contains("(got ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Labels and class probabilities have the same rules.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Smoothing_and_class_weights_that_do_not_fit_are_refused(bool isSoft)
    {
        Tensor targets = isSoft ? Tensor.Full([2, 3], 1 / 3f) : Tensor.From<long>([0, 2], [2]);
        foreach (float smoothing in (float[])[-0.1f, 1.5f, float.NaN])
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(() => Zeros(2, 3).CrossEntropy(targets, new() { LabelSmoothing = smoothing }));
            Assert.StartsWith("CrossEntropy: label smoothing is out of range (got ", error.Message, StringComparison.Ordinal);
        }

        foreach (float[] weights in (float[][])[[], [1, 2], [1, 2, 3, 4]])
        {
            var error = Assert.Throws<ShapeMismatchException>(() => Zeros(2, 3).CrossEntropy(targets, new() { ClassWeights = weights }));
            Assert.Contains("one class per weight", error.Message, StringComparison.Ordinal);
        }

        Assert.True(float.IsFinite(Zeros(2, 3).CrossEntropy(targets, new() { LabelSmoothing = 1, ClassWeights = [1, 2, 3] }).ToScalar()));
    }

    /// <summary>They gave whatever was in the memory of the result.</summary>
    [Theory]
    [InlineData(3, 0)]
    [InlineData(0, 3)]
    public void Pooling_of_images_without_pixels_is_refused(int height, int width)
    {
        Tensor x = Zeros(2, 3, height, width);
        Pool2dOptions padded = Pool2dOptions.Of(2, 1, 1);
        foreach (Action pool in (Action[])[() => x.GlobalAvgPool2d(), () => x.AdaptiveAvgPool2d(2, 2), () => x.MaxPool2d(padded), () => x.AvgPool2d(padded), () => x.MaxPool2dIndices(padded)])
        {
            Assert.Contains("at least one pixel", Assert.Throws<ShapeMismatchException>(pool).Message, StringComparison.Ordinal);
        }

        foreach (Operator pool in (Operator[])[new GlobalAvgPool2d(), new AdaptiveAvgPool2d(2, 2), new MaxPool2d(padded), new AvgPool2d(padded)])
        {
            Assert.Contains("at least one pixel", Assert.Throws<ShapeMismatchException>(() => pool.InferShape([[2, 3, height, width]], "pool")).Message, StringComparison.Ordinal);
        }
    }

    private static Tensor Zeros(params int[] lengths) => Tensor.Zeros(Shape.Create(lengths));
}
