using System.Globalization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;
using Temper.Kernels.Flow;
using Temper.Tensors.Flow;

namespace Temper.Tensors;

/// <summary>Optical flow methods.</summary>
public enum FlowMethod
{
    /// <summary>
    /// TV-L1: total variation of the flow plus L1 norm of the residual (Zach, Pock, Bischof 2007), with unrolled
    /// iterations. Differentiable.
    /// </summary>
    TvL1,

    /// <summary>Horn-Schunck (1981), coarse to fine. Differentiable; gives smooth flow.</summary>
    HornSchunck,

    /// <summary>Lucas-Kanade (1981) at every pixel, coarse to fine. Differentiable.</summary>
    LucasKanade,

    /// <summary>
    /// Polynomial expansion (Farneback 2003), as in OpenCV. Not differentiable: the flow is a constant in the backward
    /// pass.
    /// </summary>
    Farneback,

    /// <summary>
    /// Dense inverse search (Kroeger et al. 2016), similar to OpenCV. Not differentiable: the flow is a constant in the
    /// backward pass.
    /// </summary>
    InverseSearch,
}

/// <summary>Optical flow method and its parameters. Images are compared as gray levels from 0 to 255.</summary>
public sealed record OpticalFlowOptions
{
    /// <summary>The method [default: TV-L1].</summary>
    public FlowMethod Method { get; init; }

    /// <summary>
    /// Maximum number of levels of the image pyramid, 1 to 64 [default: 5]. Small images have fewer levels: coarser
    /// levels have no side below 8 pixels (Farneback: 32 pixels; inverse search: the side of a patch).
    /// </summary>
    public int Scales { get; init; } = 5;

    /// <summary>
    /// Number of warps of the second image per pyramid level; for inverse search, number of refinement rounds per
    /// level. 1 to 1000 [default: 5]. Not used by Farneback.
    /// </summary>
    public int Warps { get; init; } = 5;

    /// <summary>
    /// Number of iterations, 1 to 100,000 [default: 30]: per warp for TV-L1 and Horn-Schunck, per pyramid level for
    /// Farneback, per patch and level for inverse search. Not used by Lucas-Kanade.
    /// </summary>
    public int Iterations { get; init; } = 30;

    /// <summary>
    /// Size of a pyramid level relative to the next finer one, above 0 and below 1 [default: 0.5]. Not used by inverse
    /// search.
    /// </summary>
    public double ScaleStep { get; init; } = 0.5;

    /// <summary>
    /// TV-L1: weight of the residual relative to the smoothness of the flow, above 0 [default: 0.15].
    /// </summary>
    public double Lambda { get; init; } = 0.15;

    /// <summary>
    /// TV-L1: coupling of the auxiliary flow to the flow, above 0; smaller values couple more tightly [default: 0.3].
    /// </summary>
    public double Theta { get; init; } = 0.3;

    /// <summary>TV-L1: step size of the dual variables, above 0 and at most 0.25 [default: 0.25].</summary>
    public double Tau { get; init; } = 0.25;

    /// <summary>Horn-Schunck: weight of the smoothness of the flow, in gray levels, above 0 [default: 15].</summary>
    public double Alpha { get; init; } = 15;

    /// <summary>
    /// Window, in pixels, above 0 and at most 1000 [default: 3]. Lucas-Kanade: standard deviation of the window.
    /// Farneback: side of the window. Inverse search: side of a patch.
    /// </summary>
    public double Window { get; init; } = 3;

    /// <summary>
    /// Lucas-Kanade: value added to the diagonal of the normal equations, in squared gray levels, above 0 [default:
    /// 10]. It keeps the flow near zero in flat regions.
    /// </summary>
    public double Damping { get; init; } = 10;

    /// <summary>
    /// Largest displacement, in pixels; larger ones are clipped, with a straight-through gradient. 0: not clipped
    /// [default].
    /// </summary>
    public double Bound { get; init; }

    /// <summary>
    /// Whether the flow is rounded to 256 levels between -<see cref="Bound"/> and <see cref="Bound"/>, with a
    /// straight-through gradient. Needs a bound.
    /// </summary>
    public bool Rounds { get; init; }

    /// <summary>Returns the default options of a method.</summary>
    /// <param name="method">The method.</param>
    public static OpticalFlowOptions Of(FlowMethod method) => method switch
    {
        FlowMethod.HornSchunck => new() { Method = method, Iterations = 64 },
        FlowMethod.LucasKanade => new() { Method = method, Iterations = 1 },
        FlowMethod.Farneback => new() { Method = method, Scales = 4, Warps = 1, Iterations = 3, Window = 15 },
        FlowMethod.InverseSearch => new() { Method = method, Scales = 10, Warps = 5, Iterations = 25, Window = 8 },
        _ => new() { Method = method },
    };

    /// <summary>Whether the flow is differentiable with respect to the frames.</summary>
    internal bool IsDifferentiable => Method is not (FlowMethod.Farneback or FlowMethod.InverseSearch);

    /// <summary>Throws if an option is out of range.</summary>
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
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"OpticalFlow: an option is out of range (got Method {Method}, Scales {Scales}, Warps {Warps}, "
                + $"Iterations {Iterations}, ScaleStep {ScaleStep}, Lambda {Lambda}, Theta {Theta}, Tau {Tau}, "
                + $"Alpha {Alpha}, Window {Window}, Damping {Damping}, Bound {Bound}, Rounds {Rounds}; expected "
                + $"Scales 1 to 64, Warps 1 to 1000, Iterations 1 to 100000, ScaleStep above 0 and below 1, Tau above "
                + $"0 and at most 0.25, Lambda, Theta, Alpha and Damping above 0, Window above 0 and at most 1000, "
                + $"at least 1 for Farneback and InverseSearch, Bound 0 or more, but above 0 if Rounds is set)"));
        }
    }
}

public sealed partial class Tensor
{
    /// <summary>
    /// Computes the optical flow between consecutive frames of video clips: the motion of each pixel from one frame to
    /// the next. Differentiable in the frames, except for <see cref="FlowMethod.Farneback"/> and
    /// <see cref="FlowMethod.InverseSearch"/>. The result of a clip does not depend on other clips of the batch, or on
    /// the number of threads.
    /// </summary>
    /// <param name="options">Method and parameters; null: TV-L1 with its defaults.</param>
    /// <returns>
    /// <c>[N, 2 (T - 1), H, W]</c>, in pixels: for each pair of frames, the horizontal displacement followed by the
    /// vertical one.
    /// </returns>
    /// <exception cref="ShapeMismatchException">
    /// The shape is not that of clips <c>[N, T, C, H, W]</c> with T at least 2, C 1 or 3, and H and W from 1 to 32768.
    /// Pixel values are expected from 0 to 1.
    /// </exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public Tensor OpticalFlow(OpticalFlowOptions? options = null)
    {
        OpticalFlowOptions chosen = options ?? new OpticalFlowOptions();
        return new OpticalFlowOperation(chosen.IsDifferentiable ? this : Copy(), chosen).Apply();
    }
}

internal sealed class OpticalFlowOperation(Tensor clips, OpticalFlowOptions options) : Operation(clips)
{
    /// <summary>Largest height or width, as in video files: the solvers keep rows of pixels on the stack.</summary>
    private const int LargestSide = 1 << 15;

    /// <summary>
    /// Weights that convert red, green and blue (0 to 1) to gray levels from 0 to 255 (ITU-R BT.601).
    /// </summary>
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
        // One row per pair of frames, for the gradients of its first and second frame; summed in a fixed order.
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
        if (shape.Rank != 5 || shape[1] < 2 || shape[2] is not (1 or 3)
            || Math.Min(shape[3], shape[4]) < 1 || Math.Max(shape[3], shape[4]) > LargestSide)
        {
            throw new ShapeMismatchException(
                name, shape, $"clips [N, T, C, H, W] with T of 2 or more, C of 1 or 3, H and W of 1 to {LargestSide}");
        }
    }

    /// <summary>Converts all frames to gray levels, <c>[N T, H W]</c>.</summary>
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
                TensorPrimitives.MultiplyAdd(
                    pixels.Slice(((frame * channels) + channel) * Pixels, Pixels), weight, to, to);
            }
        }

        return gray;
    }

    private (int First, int Flow) Indices(int pair) =>
        (((pair / (Frames - 1) * Frames) + (pair % (Frames - 1))) * Pixels, 2 * pair * Pixels);

    /// <summary>Clips and rounds the flow, like pipelines that store flow as bytes.</summary>
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
