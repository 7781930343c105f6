using Temper.Kernels;
using Temper.Kernels.Flow;
using Temper.Networks;
using Temper.Tensors;
using Temper.Tensors.Flow;

namespace Temper.Tests.Tensors.Flow;

/// <summary>Tests the operation on clips: frame gradients, batches, threads, clipping and rounding.</summary>
public sealed class OpticalFlowTests
{
    private static readonly OpticalFlowOptions Short = new() { Scales = 2, Warps = 2, Iterations = 5 };

    [Fact]
    public void Inner_frames_get_gradients_of_both_pairs_and_color_goes_through()
    {
        Tensor clip = Clip(3, channels: 3);
        using var tape = new GradientTape();
        tape.Watch(clip);
        Tensor gradient = tape.Gradient(Energy(clip), clip).Detach();
        for (int frame = 0; frame < 3; frame++)
        {
            Assert.Contains(gradient.Slice(1, frame, frame + 1).ToArray<float>(), value => Math.Abs(value) > 1e-4);
        }

        ReadOnlySpan<float> red = gradient.Slice(2, 0, 1).AsSpan<float>(), green = gradient.Slice(2, 1, 2).AsSpan<float>();
        for (int i = 0; i < red.Length; i++)
        {
            Assert.Equal(red[i] / 0.299f * 0.587f, green[i], 1e-3f * (1 + Math.Abs(green[i])));
        }
    }

    [Fact]
    public void Rounded_and_clipped_flow_passes_gradients_straight_through()
    {
        Tensor clip = Clip(2, channels: 1);
        OpticalFlowOptions coarse = Short with { Bound = 0.5, Rounds = true };
        Tensor flow = clip.OpticalFlow(coarse);
        Assert.All(flow.ToArray<float>(), value => Assert.InRange(value, -0.5f, 0.5f));
        Assert.InRange(flow.ToArray<float>().Distinct().Count(), 2, 256);
        using var tape = new GradientTape();
        tape.Watch(clip);
        Assert.Contains(tape.Gradient(clip.OpticalFlow(coarse).Sum(), clip).ToArray<float>(), value => value != 0);
    }

    /// <summary>
    /// Compares the signs of the largest frame gradients through rounded flow with central differences of the unrounded
    /// flow in double precision.
    /// </summary>
    [Fact]
    public void The_largest_gradients_have_the_right_sign()
    {
        Tensor clip = Clip(3, channels: 1);
        int area = 20 * 24;
        double[] gray = [.. clip.ToArray<float>().Select(pixel => pixel * 255.0)];
        float[] weights = [.. Enumerable.Range(0, 4 * area).Select(i => MathF.Sin(i * 0.7f))], gradient;
        using (var tape = new GradientTape())
        {
            tape.Watch(clip);
            Tensor flow = clip.OpticalFlow(Short with { Bound = 4, Rounds = true });
            gradient = tape.Gradient((flow * Tensor.From(weights, flow.Shape)).Sum(), clip).ToArray<float>();
        }

        int[] largest = [.. Enumerable.Range(0, gradient.Length).OrderByDescending(i => Math.Abs(gradient[i])).Take(100)];
        Assert.InRange(largest.Count(i => Math.Sign(Loss(i, 1e-5) - Loss(i, -1e-5)) == Math.Sign(gradient[i])), 96, 100);

        double Loss(int i, double step)
        {
            double[] moved = (double[])gray.Clone(), u = new double[area], v = new double[area];
            moved[i] += step;
            double loss = 0;
            for (int pair = 0; pair < 2; pair++)
            {
                FlowPair<double>.Flow(Short, new PlaneSize(20, 24), moved.AsSpan(pair * area, area), moved.AsSpan((pair + 1) * area, area), u, v);
                loss += Enumerable.Range(0, area).Sum(k => (u[k] * weights[(2 * pair * area) + k]) + (v[k] * weights[(((2 * pair) + 1) * area) + k]));
            }

            return loss;
        }
    }

    [Fact]
    public void A_clip_gives_the_same_bytes_in_any_batch_and_with_any_number_of_threads()
    {
        Tensor one = Clip(3, channels: 1), two = Tensor.Concatenate([Clip(3, channels: 1) * 0.5f, one, one], 0);
        float[] alone = one.OpticalFlow(Short).ToArray<float>(), aloneGradient = Gradient(one);
        using var pool = new WorkerPool(3);
        using WorkerPool.Usage usage = pool.Use();
        Assert.Equal(alone, two.OpticalFlow(Short).Slice(0, 1, 2).ToArray<float>());
        Assert.Equal(aloneGradient, Gradient(two).AsSpan(2 * aloneGradient.Length).ToArray());

        static float[] Gradient(Tensor clip)
        {
            using var tape = new GradientTape();
            tape.Watch(clip);
            return tape.Gradient(Energy(clip), clip).ToArray<float>();
        }
    }

    [Theory]
    [InlineData(FlowMethod.Farneback)]
    [InlineData(FlowMethod.InverseSearch)]
    public void Flow_without_gradient_is_a_constant_to_tapes(FlowMethod method)
    {
        Tensor clip = Clip(2, channels: 1);
        using var tape = new GradientTape();
        tape.Watch(clip);
        Tensor flow = clip.OpticalFlow(OpticalFlowOptions.Of(method));
        Assert.False(GradientTape.IsFollowed(flow));
    }

    [Theory]
    [InlineData(FlowMethod.TvL1)]
    [InlineData(FlowMethod.HornSchunck)]
    [InlineData(FlowMethod.LucasKanade)]
    [InlineData(FlowMethod.Farneback)]
    [InlineData(FlowMethod.InverseSearch)]
    public void Frames_may_have_a_single_row_or_column(FlowMethod method)
    {
        foreach (Shape shape in (Shape[])[[1, 2, 1, 1, 9], [1, 2, 1, 9, 1], [1, 2, 1, 1, 1]])
        {
            float[] flow = Tensor.Full(shape, 0.5f).OpticalFlow(OpticalFlowOptions.Of(method)).ToArray<float>();
            Assert.Equal(2 * shape[3] * shape[4], flow.Length);
            Assert.All(flow, value => Assert.Equal(0f, value, 1e-3f));
        }
    }

    [Theory]
    [InlineData(1, 1, 8)]
    [InlineData(3, 2, 8)]
    [InlineData(2, 1, 32769)]
    public void Other_shapes_are_refused(int frames, int channels, int width) =>
        Assert.Throws<ShapeMismatchException>(() => Tensor.Zeros([1, frames, channels, 8, width]).OpticalFlow());

    [Fact]
    public void A_network_keeps_the_options_in_its_file()
    {
        OpticalFlowOptions options = OpticalFlowOptions.Of(FlowMethod.HornSchunck) with { Alpha = 7, Bound = 3, Rounds = true };
        Operator again = OperatorRegistry.Create(new OpticalFlow(options).Describe());
        Assert.Equal(options, Assert.IsType<OpticalFlow>(again).Options);
    }

    [Theory]
    [InlineData("two-stream")]
    [InlineData("two-stream-logits")]
    [InlineData("flow-stream")]
    [InlineData("frame-stream")]
    [InlineData("temporal-shift")]
    public void Networks_of_clips_have_logits_and_gradients(string name)
    {
        Network network = NetworkZoo.Create(name, new ZooOptions { Input = new InputSpec { SampleShape = [4, 3, 16, 16] }, Classes = 3 })
            .Initialize(Temper.Randomness.RandomStream.FromSeed(1));
        Tensor clip = Tensor.From([.. Enumerable.Range(0, 2 * 4 * 3 * 256).Select(i => 0.5f + (0.4f * MathF.Sin(i * 0.37f)))], [2, 4, 3, 16, 16]);
        using var tape = new GradientTape();
        tape.Watch(clip);
        Tensor logits = network.Forward(clip);
        Assert.Equal([2, 3], logits.Shape);
        Assert.Contains(tape.Gradient(logits.Slice(1, 0, 1).Sum(), clip).ToArray<float>(), value => value != 0);
    }

    private static Tensor Energy(Tensor clip) => clip.OpticalFlow(Short) is var flow ? (flow * flow).Sum() : clip;

    private static Tensor Clip(int frames, int channels)
    {
        var size = new PlaneSize(20, 24);
        float[] values = [.. Enumerable.Range(0, frames).SelectMany(t => Enumerable.Range(0, channels).SelectMany(_ => TestTextures.Draw(size, 0.7 * t, -0.5 * t))).Select(gray => (float)(gray / 255))];
        return Tensor.From(values, [1, frames, channels, size.Height, size.Width]);
    }
}
