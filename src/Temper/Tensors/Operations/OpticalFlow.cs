using Temper.Kernels;
using Temper.Kernels.Flow;
using Temper.Tensors.Flow;

namespace Temper.Tensors;

/// <summary>How optical flow is computed.</summary>
public enum FlowMethod
{
    /// <summary>
    /// Total variation and absolute differences (Zach, Pock, Bischof 2007), iterations unrolled: differentiable.
    /// </summary>
    TvL1,

    /// <summary>Horn and Schunck (1981), from coarse to fine: differentiable and smooth.</summary>
    HornSchunck,

    /// <summary>Lucas and Kanade (1981) at every pixel, from coarse to fine: differentiable.</summary>
    LucasKanade,

    /// <summary>
    /// Polynomial expansion (Farneback 2003) as OpenCV computes it: forward only, its result counts as a constant.
    /// </summary>
    Farneback,

    /// <summary>
    /// Dense inverse search (Kroeger et al. 2016) much as OpenCV computes it: forward only, its result counts as a
    /// constant.
    /// </summary>
    InverseSearch,
}

/// <summary>A method of optical flow and its parameters. Images are compared in gray levels of 0 to 255.</summary>
public sealed record OpticalFlowOptions
{
    /// <summary>The method.</summary>
    public FlowMethod Method { get; init; }

    /// <summary>
    /// Maximum number of sizes of the image pyramid; fewer where the smallest would have less than 8 pixels per side.
    /// </summary>
    public int Scales { get; init; } = 5;

    /// <summary>
    /// Times that the second image is warped on each scale, or rounds of refinement of inverse search.
    /// </summary>
    public int Warps { get; init; } = 5;

    /// <summary>
    /// Iterations of TV-L1 or Horn-Schunck for each warp, of Farneback on each scale, or of a patch on each scale.
    /// </summary>
    public int Iterations { get; init; } = 30;

    /// <summary>Size of a scale by that of the next finer one, above 0, below 1.</summary>
    public double ScaleStep { get; init; } = 0.5;

    /// <summary>TV-L1: weight of the images against the smoothness of the flow.</summary>
    public double Lambda { get; init; } = 0.15;

    /// <summary>TV-L1: how tightly the two parts of the problem are coupled.</summary>
    public double Theta { get; init; } = 0.3;

    /// <summary>TV-L1: step of the dual variables, at most 0.25.</summary>
    public double Tau { get; init; } = 0.25;

    /// <summary>Horn-Schunck: weight of the flow's smoothness, in gray levels.</summary>
    public double Alpha { get; init; } = 15;

    /// <summary>
    /// Lucas-Kanade: standard deviation of the window, in pixels; Farneback: side of the window; inverse search: side
    /// of a patch.
    /// </summary>
    public double Window { get; init; } = 3;

    /// <summary>
    /// Lucas-Kanade: added to the diagonal of the normal equations, in squared gray levels: keeps flat regions still.
    /// </summary>
    public double Damping { get; init; } = 10;

    /// <summary>
    /// The largest displacement, in pixels; larger ones are clipped, with the gradient passed straight through. 0:
    /// none.
    /// </summary>
    public double Bound { get; init; }

    /// <summary>
    /// Whether flow is rounded to 256 levels between -<see cref="Bound"/> and <see cref="Bound"/>, with the gradient
    /// passed straight through.
    /// </summary>
    public bool Rounds { get; init; }

    /// <summary>The default parameters of a method.</summary>
    /// <param name="method">The method.</param>
    public static OpticalFlowOptions Of(FlowMethod method) => method switch
    {
        FlowMethod.HornSchunck => new() { Method = method, Iterations = 64 },
        FlowMethod.LucasKanade => new() { Method = method, Iterations = 1 },
        FlowMethod.Farneback => new() { Method = method, Scales = 4, Warps = 1, Iterations = 3, Window = 15 },
        FlowMethod.InverseSearch => new() { Method = method, Scales = 10, Warps = 5, Iterations = 25, Window = 8 },
        _ => new() { Method = method },
    };

    /// <summary>Whether flow has a gradient by the frames.</summary>
    internal bool IsDifferentiable => Method is not (FlowMethod.Farneback or FlowMethod.InverseSearch);

    /// <summary>Throws where a number is out of its range.</summary>
    internal void Check()
    {
        bool fits = Scales is >= 1 and <= 64
            && Warps is >= 1 and <= 1000
            && Iterations is >= 1 and <= 100_000
            && ScaleStep is > 0 and < 1
            && Lambda > 0 && Theta > 0 && Tau is > 0
                and <= 0.25 && Alpha > 0 && Window is > 0
                and <= 1000 && Damping > 0 && Bound >= 0 && double.IsFinite(Bound)
            && (!Rounds || Bound > 0) && (Window >= 1 || IsDifferentiable) && Enum.IsDefined(Method);
        if (!fits)
        {
            throw new ArgumentException(
                $"OpticalFlow: an option is out of its range (got {this}); scales, warps and iterations are 1 or more, "
                + "the scale step is between 0 and 1, tau at most 0.25, all weights are positive, rounding needs a "
                    + "bound, a patch or a box has a side of 1 or more");
        }
    }
}

public sealed partial class Tensor
{
    /// <summary>
    /// Optical flow between neighboring frames of clips: how far each pixel of a frame moves until the next.
    /// Differentiable in the frames but for <see cref="FlowMethod.Farneback"/> and
    /// <see cref="FlowMethod.InverseSearch"/>. A clip's result does not depend on the others of the batch, nor on the
    /// number of threads.
    /// </summary>
    /// <param name="options">Method and its parameters; null: TV-L1 with its defaults.</param>
    /// <returns>
    /// <c>[N, 2 (T - 1), H, W]</c>, in pixels: for each pair of frames the displacement along the width, then the one
    /// along the height.
    /// </returns>
    /// <exception cref="ShapeMismatchException">
    /// This is no batch of clips <c>[N, T, C, H, W]</c>, T at least 2, C 1 or 3, pixels from 0 to 1.
    /// </exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Tensor OpticalFlow(OpticalFlowOptions? options = null)
    {
        OpticalFlowOptions chosen = options ?? new OpticalFlowOptions();
        return new OpticalFlowOperation(chosen.IsDifferentiable ? this : Copy(), chosen).Apply();
    }
}

internal sealed class OpticalFlowOperation(Tensor clips, OpticalFlowOptions options) : Operation(clips)
{
    /// <summary>Gray of red, green and blue (ITU-R BT.601), in levels of 0 to 255.</summary>
    private static readonly float[] Color = [0.299f * 255, 0.587f * 255, 0.114f * 255];

    internal override string Name => "OpticalFlow";

    private PlaneSize Size => new(clips.Shape[3], clips.Shape[4]);

    private int Pixels => clips.Shape[3] * clips.Shape[4];

    private int Frames => clips.Shape[1];

    private int Pairs => clips.Shape[0] * (Frames - 1);

    protected override Tensor Forward()
    {
        CheckShape(clips.Shape, Name);
        options.Check();
        Tensor flow = Tensor.Allocate([clips.Shape[0], 2 * (Frames - 1), clips.Shape[3], clips.Shape[4]]);
        WorkerPool.Current.Run(new FlowWork(this, Gray(), flow), Pairs);
        return flow;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        // One row a pair: what its first and its second frame get. They are added in a fixed order.
        float[] first = new float[Pairs * Pixels], second = new float[Pairs * Pixels];
        WorkerPool.Current.Run(new GradientWork(this, Gray(), gradient.ToRowMajor(), first, second), Pairs);
        Tensor dx = Tensor.Allocate(clips.Shape);
        Span<float> to = dx.Writable();
        int channels = clips.Shape[2];
        for (int frame = 0; frame < clips.Shape[0] * Frames; frame++)
        {
            int pair = (frame / Frames * (Frames - 1)) + (frame % Frames);
            ReadOnlySpan<float> asFirst = frame % Frames < Frames - 1 ? first.AsSpan(pair * Pixels, Pixels) : [];
            ReadOnlySpan<float> asSecond = frame % Frames > 0 ? second.AsSpan((pair - 1) * Pixels, Pixels) : [];
            for (int channel = 0; channel < channels; channel++)
            {
                float weight = channels == 1 ? 255 : Color[channel];
                Span<float> plane = to.Slice(((frame * channels) + channel) * Pixels, Pixels);
                for (int i = 0; i < plane.Length; i++)
                {
                    plane[i] = weight * ((asFirst.IsEmpty ? 0 : asFirst[i]) + (asSecond.IsEmpty ? 0 : asSecond[i]));
                }
            }
        }

        inputs.Add(0, dx);
    }

    internal static void CheckShape(Shape shape, string name)
    {
        if (shape.Rank != 5 || shape[1] < 2 || shape[2] is not (1 or 3) || shape[3] < 1 || shape[4] < 1)
        {
            throw new ShapeMismatchException(
                name, shape, "clips [N, T, C, H, W] of two frames or more, in gray or color");
        }
    }

    /// <summary>All frames in gray, <c>[N T, H W]</c>.</summary>
    private float[] Gray()
    {
        ReadOnlySpan<float> pixels = clips.ToRowMajor().Physical();
        float[] gray = new float[clips.Shape[0] * Frames * Pixels];
        int channels = clips.Shape[2];
        for (int frame = 0; frame < clips.Shape[0] * Frames; frame++)
        {
            Span<float> to = gray.AsSpan(frame * Pixels, Pixels);
            for (int channel = 0; channel < channels; channel++)
            {
                float weight = channels == 1 ? 255 : Color[channel];
                System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(
                    pixels.Slice(((frame * channels) + channel) * Pixels, Pixels), weight, to, to);
            }
        }

        return gray;
    }

    private (int First, int Flow) Indices(int pair) =>
        (((pair / (Frames - 1) * Frames) + (pair % (Frames - 1))) * Pixels, 2 * pair * Pixels);

    /// <summary>Clips and rounds as pipelines do that store flow as bytes.</summary>
    private void Quantize(Span<float> flow)
    {
        float bound = (float)options.Bound, step = 2 * bound / 255;
        for (int i = 0; i < flow.Length && bound > 0; i++)
        {
            float clipped = Math.Clamp(flow[i], -bound, bound);
            flow[i] = options.Rounds ? (MathF.Round((clipped + bound) / step) * step) - bound : clipped;
        }
    }

    private sealed class FlowWork(OpticalFlowOperation owner, float[] gray, Tensor flow) : IPoolWork
    {
        public void Run(int task, int thread)
        {
            (int frame, int at) = owner.Indices(task);
            int pixels = owner.Pixels;
            ReadOnlySpan<float> first = gray.AsSpan(frame, pixels), second = gray.AsSpan(frame + pixels, pixels);
            Span<float> u = flow.Writable().Slice(at, pixels), v = flow.Writable().Slice(at + pixels, pixels);
            OpticalFlowOptions o = owner.Options;
            switch (o.Method)
            {
                case FlowMethod.Farneback:
                    new Farneback(o.Scales, o.ScaleStep, (int)o.Window, o.Iterations)
                        .Flow(owner.Size, first, second, u, v);
                    break;
                case FlowMethod.InverseSearch:
                    new InverseSearch(o.Scales, (int)o.Window, o.Iterations, o.Warps)
                        .Flow(owner.Size, first, second, u, v);
                    break;
                default:
                    FlowPair<float>.Flow(o, owner.Size, first, second, u, v);
                    break;
            }

            owner.Quantize(u);
            owner.Quantize(v);
        }
    }

    private OpticalFlowOptions Options => options;

    private sealed class GradientWork(
        OpticalFlowOperation owner, float[] gray, Tensor gradient, float[] first, float[] second) : IPoolWork
    {
        public void Run(int task, int thread)
        {
            (int frame, int at) = owner.Indices(task);
            int pixels = owner.Pixels;
            ReadOnlySpan<float> d = gradient.Physical();
            FlowPair<float>.Gradient(
                owner.Options, owner.Size, gray.AsSpan(frame, pixels), gray.AsSpan(frame + pixels, pixels),
                d.Slice(at, pixels), d.Slice(at + pixels, pixels),
                first.AsSpan(task * pixels, pixels), second.AsSpan(task * pixels, pixels));
        }
    }
}
