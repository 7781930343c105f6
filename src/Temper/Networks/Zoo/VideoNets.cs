using Temper.Tensors;

namespace Temper.Networks;

/// <content>Classifiers of clips <c>[N, T, C, H, W]</c> with pixels from 0 to 1.</content>
public static partial class NetworkZoo
{
    /// <summary>
    /// Optical flow of small networks. It uses few warps and iterations, because frames are small and the flow is
    /// computed in every training step.
    /// </summary>
    private static readonly OpticalFlowOptions SmallFlow = new() { Warps = 2, Iterations = 15 };

    private static InputSpec ClipInput { get; } = new() { SampleShape = [11, 3, 32, 32], Minimum = 0, Maximum = 1 };

    /// <summary>
    /// Two-stream network (arXiv:1406.2199): one stream gets the middle frame, the other the stacked optical flow
    /// (TV-L1, computed by the node <c>flow</c>). The output is the logarithm of the mean of both softmaxes.
    /// </summary>
    /// <param name="options">
    /// Input <c>[T, C, H, W]</c> and number of classes; null: 11 color frames of 32x32 pixels, 10 classes.
    /// </param>
    public static Network TwoStream(ZooOptions? options = null) => Clips(options, (x, classes) =>
    {
        Value frame = x.Scope("frame", x => StreamBody(MiddleFrame(x), classes).Softmax());
        Value motion = x.OpticalFlow(SmallFlow, "flow").Scope("motion", x => StreamBody(x, classes).Softmax());
        return (frame + motion).Apply(new Clip(1e-12f, 2)).Apply(new Pointwise(PointwiseFunction.Log), "fused");
    });

    /// <summary>Two-stream network that adds the logits of both streams.</summary>
    /// <inheritdoc cref="TwoStream"/>
    public static Network TwoStreamLogits(ZooOptions? options = null) => Clips(options, (x, classes) =>
    {
        Value frame = x.Scope("frame", x => StreamBody(MiddleFrame(x), classes));
        return frame + x.OpticalFlow(SmallFlow, "flow").Scope("motion", x => StreamBody(x, classes));
    });

    /// <summary>The flow stream of <see cref="TwoStream"/> alone.</summary>
    /// <inheritdoc cref="TwoStream"/>
    public static Network FlowStream(ZooOptions? options = null) => Clips(options, (x, classes) =>
        x.OpticalFlow(SmallFlow, "flow").Scope("motion", x => StreamBody(x, classes)));

    /// <summary>The middle-frame stream of <see cref="TwoStream"/> alone.</summary>
    /// <inheritdoc cref="TwoStream"/>
    public static Network FrameStream(ZooOptions? options = null) => Clips(options, (x, classes) =>
        x.Scope("frame", x => StreamBody(MiddleFrame(x), classes)));

    /// <summary>
    /// Temporal shift network (arXiv:1811.08383): convolutions of single frames; between them, a quarter of the
    /// channels is shifted to the neighboring frames. Uses no optical flow.
    /// </summary>
    /// <inheritdoc cref="TwoStream"/>
    public static Network TemporalShift(ZooOptions? options = null) => Clips(options, (x, classes) =>
    {
        Value y = x.Permute([0, 2, 1, 3, 4]);
        y = Shifted(FrameConvolution(y, 24, stride: 2));
        y = Shifted(FrameConvolution(y, 48, stride: 2));
        y = FrameConvolution(y, 64, stride: 1);
        int frames = y.Shape[2], side = y.Shape[3];
        return y.Reshape([64, frames * side, y.Shape[4]]).AdaptiveAvgPool2d(frames, 4).Flatten().Linear(classes);
    });

    private static Network Clips(ZooOptions? options, Func<Value, int, Value> body)
    {
        InputSpec input = options?.Input is { } given
            ? given with { Minimum = float.IsFinite(given.Minimum) ? given.Minimum : 0, Maximum = float.IsFinite(
                given.Maximum) ? given.Maximum : 1 }
            : ClipInput;
        return input.SampleShape is [>= 2, 1 or 3, >= 8, >= 8] && options?.Preprocessing is null
            ? Classifier((options ?? new ZooOptions()) with { Input = input }, ClipInput, body)
            : throw new ShapeMismatchException(
                "input", input.SampleShape, "clips [T, C, H, W] with T of 2 or more, C of 1 or 3, H and W of 8 "
                    + "or more, and no preprocessing (--normalize)");
    }

    private static Value MiddleFrame(Value clips)
    {
        int middle = clips.Shape[1] / 2;
        return clips.Slice(1, middle, middle + 1).Reshape([clips.Shape[2], clips.Shape[3], clips.Shape[4]]);
    }

    /// <summary>Three convolutions, average pooling to 4x4, and a linear layer.</summary>
    private static Value StreamBody(Value x, int classes) => x
        .Conv2d(32, kernel: 5, stride: 2, padding: 2).BatchNorm().Relu()
        .Conv2d(64, kernel: 3, stride: 2, padding: 1).BatchNorm().Relu()
        .Conv2d(64, kernel: 3, padding: 1).BatchNorm().Relu()
        .AdaptiveAvgPool2d(4, 4).Flatten().Linear(classes);

    /// <summary>Convolves every frame of <c>[N, C, T, H, W]</c>.</summary>
    private static Value FrameConvolution(Value x, int width, int stride) => x
        .Apply(new Conv3d(new Conv2d(width, (3, 3))
        {
            Options = new Conv2dOptions { Stride = (stride, stride), Padding = Padding2d.All(1) },
        }, new DepthWindow(1))).BatchNorm().Relu();

    /// <summary>
    /// Takes one eighth of the channels from the preceding frame and one eighth from the following frame.
    /// </summary>
    private static Value Shifted(Value x)
    {
        int part = Math.Max(1, x.Shape[1] / 8), frames = x.Shape[2];
        Value before = x.Slice(1, 0, part).Slice(2, 0, frames - 1).Pad(2, 1, 0),
            after = x.Slice(1, part, 2 * part).Slice(2, 1, frames).Pad(2, 0, 1);
        return before.Concatenate([after, x.Slice(1, 2 * part)]);
    }
}
