using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Video;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Video;

/// <summary>Attacks on few frames of networks whose optimal result is known.</summary>
public sealed class FrameAttackTests
{
    private const int Frames = 6, Pixels = 2 * 2;

    public static TheoryData<string> Rules => new(VideoAttacks.Names);

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_rule_that_says_that_it_has_steps_or_queries_reads_them(string rule)
    {
        Attack usual = VideoAttacks.Create(rule, 0.1, steps: 10, queries: 100);
        Assert.Equal(VideoAttacks.HasSteps(rule), usual != VideoAttacks.Create(rule, 0.1, steps: 20, queries: 100));
        Assert.Equal(VideoAttacks.HasQueries(rule), usual != VideoAttacks.Create(rule, 0.1, steps: 10, queries: 200));
    }

    /// <summary>
    /// Frame t has weight t + 1, and a change of epsilon in frame 5 alone suffices: a salience rule must find this
    /// frame.
    /// </summary>
    [Theory]
    [InlineData(FrameRule.Transplant)]
    [InlineData(FrameRule.Refresh)]
    [InlineData(FrameRule.Sparse)]
    public void The_one_frame_that_is_enough_is_found(FrameRule rule)
    {
        FrameAttack attack = new() { Epsilon = 0.1, Rule = rule };
        AttackResult result = attack.Run(Weighted(margin: 0.1f * 4 * 5.5f), Clips(3), Criterion.Misclassified([0, 0, 0]), RandomStream.FromSeed(1));
        foreach (int sample in Enumerable.Range(0, 3))
        {
            Assert.Equal(AttackOutcome.Fooled, result.Samples[sample].Outcome);
            Assert.Equal([5], Changed(result.Adversarials, sample));
        }
    }

    /// <summary>
    /// The norm over frames selects the same frame, which must change by 5.5 / 6 of 0.1; even without a bound, the
    /// attack needs less than 0.1.
    /// </summary>
    [Theory]
    [InlineData(0.1)]
    [InlineData(double.PositiveInfinity)]
    public void The_norm_over_frames_leaves_one_frame(double epsilon)
    {
        FrameNormAttack attack = new() { Epsilon = epsilon, StepSize = 0.025 };
        AttackResult result = attack.Run(Weighted(margin: 0.1f * 4 * 5.5f), Clips(2), Criterion.Misclassified([0, 0]), RandomStream.FromSeed(1));
        Assert.Equal([5], Changed(result.Adversarials, 0));
        Assert.InRange(result.Samples[0].Linf, 0.1 * 5.5 / 6, 0.099);
    }

    /// <summary>
    /// Uses scores only, with squares in all frames at once; the number of queries must stay within its limit.
    /// </summary>
    [Fact]
    public void Squares_fool_a_clip_within_their_questions()
    {
        Attack square = VideoAttacks.Create("square", 0.1, queries: 200);
        AttackResult result = square.Run(Weighted(margin: 0.1f * 4 * 10), Clips(1), Criterion.Misclassified([0]), RandomStream.FromSeed(1));
        Assert.Equal((AttackOutcome.Fooled, 0), (result.Samples[0].Outcome, result.Samples[0].Backwards));
        Assert.InRange(result.Samples[0].Forwards, 2, 201);
    }

    /// <summary>
    /// The boundary of the first network lies within the radius; that of the second, with the same weights, does not.
    /// Attacks made on the second network fool only the first, so its row must be marked as suspicious.
    /// </summary>
    [Fact]
    public void Transfer_says_what_carries_over()
    {
        Network near = Weighted(margin: 0.1f * 4 * 10), far = Weighted(margin: 0.1f * 4 * 30);
        TransferMatrix matrix = TransferMatrix.Of([("near", near), ("far", far)], Clips(5), [0, 0, 0, 0, 0], 0.1, steps: 4, RandomStream.FromSeed(1));
        Assert.Equal([1, 1], matrix.Clean);
        Assert.Equal([1, 1], matrix.Noise.Accuracy);
        Assert.Equal([0, 1], matrix.Attacks[0].Accuracy);
        Assert.Equal([0, 1], matrix.Attacks[1].Accuracy);
        Assert.Equal(["far"], matrix.Suspicious);
        Assert.Empty(matrix.Halved(0));
        Assert.Equal(["near"], matrix.Halved(1));

        // The radius of 25.5 levels is rounded down, and the clean value lies in the middle of two levels.
        double whole = -20 * Math.Log10(24.5 / 255);
        Assert.Equal(whole, matrix.Attacks[0].Similarity.Psnr, 1e-3);
        Assert.InRange(matrix.Noise.Similarity.Psnr, -20 * Math.Log10(25.5 / 255), whole);          // signs of both kinds
    }

    [Fact]
    public void Transfer_from_a_flow_without_gradients_is_not_made()
    {
        Network network = NetworkZoo.Create("flow-stream", new ZooOptions { Input = new InputSpec { SampleShape = [3, 3, 16, 16] }, Classes = 3 }).Initialize(RandomStream.FromSeed(4));
        Network victim = network.WithFlow(OpticalFlowOptions.Of(FlowMethod.InverseSearch));
        TransferMatrix matrix = TransferMatrix.Of([("tvl1", network), ("dis", victim)], Tensor.Full([2, 3, 3, 16, 16], 0.5f), [0, 1], 0.1, steps: 1, RandomStream.FromSeed(1));
        Assert.All(matrix.Attacks[1].Accuracy, value => Assert.True(double.IsNaN(value)));
        Assert.All(matrix.Attacks[0].Accuracy, value => Assert.False(double.IsNaN(value)));
        Assert.DoesNotContain("dis", matrix.Suspicious);
    }

    /// <summary>
    /// The last three frames are needed: of six, those with the weights 6 + 5 + 4. No attack may change more, and fewer
    /// do not suffice.
    /// </summary>
    [Theory]
    [InlineData(6, 14.5f)]
    [InlineData(26, 74.5f)]                                   // 26 + 25 + 24 weights; with this many frames, half are removed at once
    public void No_more_frames_than_needed_are_changed(int frames, float weights)
    {
        FrameAttack attack = new() { Epsilon = 0.1 };
        AttackResult result = attack.Run(Weighted(0.1f * 4 * weights, frames), Clips(1, frames), Criterion.Misclassified([0]), RandomStream.FromSeed(1));
        Assert.Equal([frames - 3, frames - 2, frames - 1], Changed(result.Adversarials, 0));
        Assert.True(result.Samples[0].Linf <= 0.1 + 1e-6);
    }

    /// <summary>
    /// The result of a clip does not depend on the other clips of the batch: rules that share frames between samples
    /// fail.
    /// </summary>
    [Theory]
    [MemberData(nameof(Rules))]
    public void A_clip_gives_the_same_bytes_in_any_batch(string name)
    {
        Network network = NetworkZoo.Create("two-stream", new ZooOptions { Input = new InputSpec { SampleShape = [4, 3, 16, 16] }, Classes = 3 }).Initialize(RandomStream.FromSeed(4));
        var target = new NetworkTarget(network);
        Tensor clips = Tensor.From([.. Enumerable.Range(0, 3 * 4 * 3 * 256).Select(i => 0.5f + (0.3f * MathF.Sin((i * 0.37f) + (i / 3072 * 1.7f))))], [3, 4, 3, 16, 16]);
        long[] labels = new VideoEvaluation(target, clips, [0, 0, 0], TimeProvider.System).Predictions;
        Attack attack = VideoAttacks.Create(name, 4 / 255.0, steps: 3, queries: 20);
        AttackResult together = attack.Run(target, clips, Criterion.Misclassified(labels), RandomStream.FromSeed(5));
        for (int i = 0; i < 3; i++)
        {
            AttackResult alone = attack.Run(target, clips.Slice(0, i, i + 1), Criterion.Misclassified([labels[i]]), RandomStream.FromSeed(5));
            Assert.Equal(alone.Adversarials.ToArray<float>(), together.Adversarials.Slice(0, i, i + 1).ToArray<float>());
            Assert.Equal(alone.Samples[0], together.Samples[i]);
        }
    }

    [Fact]
    public void A_surrogate_gives_gradients_and_the_victim_logits()
    {
        var victim = new NetworkTarget(Weighted(1));
        var target = new SurrogateTarget(victim, new NetworkTarget(Weighted(5)));
        float[] x = Clips(1).ToArray<float>(), own = new float[2], logits = new float[2], gradient = new float[x.Length];
        victim.Scores(x, 1, own);
        target.Gradient(x, 1, logits, (_, _, slope) => slope[1] = 1, gradient);
        Assert.Equal(own, logits);
        Assert.Equal(6, gradient[^1], 1e-5);
    }

    [Fact]
    public void Streams_and_other_flows_are_cut_out_of_a_network()
    {
        Network network = NetworkZoo.Create("two-stream", new ZooOptions { Input = new InputSpec { SampleShape = [4, 3, 16, 16] }, Classes = 3 }).Initialize(RandomStream.FromSeed(4));
        Tensor clip = Tensor.Full([1, 4, 3, 16, 16], 0.5f);
        Tensor frame = network.Stream("frame").Forward(clip).Softmax(), motion = network.Stream("motion").Forward(clip).Softmax();
        Tensor both = network.Forward(clip);
        for (int k = 0; k < 3; k++)
        {
            Assert.Equal(MathF.Log(frame.ToArray<float>()[k] + motion.ToArray<float>()[k]), both.ToArray<float>()[k], 1e-5f);
        }

        Network other = network.WithFlow(OpticalFlowOptions.Of(FlowMethod.HornSchunck));
        Assert.Equal(FlowMethod.HornSchunck, other.Nodes.Select(node => node.Operator).OfType<OpticalFlow>().Single().Options.Method);
        Assert.Throws<ArgumentException>(() => network.Stream("sound"));
        Assert.Throws<ArgumentException>(() => network.Stream("frame").WithFlow(new OpticalFlowOptions()));
    }

    [Fact]
    public void Summed_logits_are_those_of_both_streams()
    {
        Network network = NetworkZoo.Create("two-stream", new ZooOptions { Input = new InputSpec { SampleShape = [4, 3, 16, 16] }, Classes = 3 }).Initialize(RandomStream.FromSeed(4));
        Tensor clip = Tensor.Full([1, 4, 3, 16, 16], 0.5f), sum = network.Stream("frame").Forward(clip) + network.Stream("motion").Forward(clip);
        float[] expected = sum.ToArray<float>(), got = network.WithSummedLogits().Forward(clip).ToArray<float>();
        Assert.All(Enumerable.Range(0, 3), k => Assert.Equal(expected[k], got[k], 1e-5f));
    }

    [Fact]
    public void Rounding_is_that_of_files()
    {
        float[] x = [0, 1, 0.5f, 0.501f, -1, 2];
        ByteFrames.Round(x, 0, 1);
        Assert.Equal([0, 1, 128 / 255f, 128 / 255f, 0, 1], x);
    }

    [Fact]
    public void Evaluation_counts_frames_ranks_and_similarity()
    {
        var target = new NetworkTarget(Weighted(margin: 0.1f * 4 * 5.5f));
        var evaluation = new VideoEvaluation(target, Clips(4), [0, 0, 0, 0], TimeProvider.System);
        Assert.Equal(1, evaluation.Clean().Top1);
        VideoRow row = evaluation.Run(new FrameAttack { Epsilon = 0.1 }, 0.1, usesLabels: false, RandomStream.FromSeed(1)).Row;
        Assert.Equal((0, 1, 1, 1), (row.Top1, row.Top5, row.Fooled, row.MedianFrames));
        Assert.Equal(0.1 / Frames, row.MeanChange, 1e-6);
        Assert.Equal(10 * Math.Log10(Frames / 0.01), row.Psnr, 1e-3);
        Assert.InRange(row.Ssim, 0.5, 1);
    }

    /// <summary>The median of 1 and 3 changed frames is 2; it was 3, and so was the 90th percentile.</summary>
    [Fact]
    public void Percentiles_of_changed_frames_are_interpolated()
    {
        Tensor clips = Clips(2);
        float[] changed = clips.ToArray<float>();
        for (int i = 0; i < 4 * Pixels; i++)
        {
            changed[i < Pixels ? i : (Frames * Pixels) + i - Pixels] += 0.25f;       // one frame of the first, three of the second
        }

        var sample = new SampleResult(AttackOutcome.Fooled, L0: 4, L1: 1, L2: 0.5, Linf: 0.25, Margin: -1, Forwards: 1, Backwards: 1, First: 1, Prediction: 1);
        var result = new AttackResult(Tensor.From(changed, clips.Shape), [sample, sample]);
        var evaluation = new VideoEvaluation(new NetworkTarget(Weighted(margin: 1)), clips, [0, 0], TimeProvider.System);
        VideoRow row = evaluation.Measure("given", 0.25, result, seconds: 0).Row;
        Assert.Equal((2, 2.8), (row.MedianFrames, Math.Round(row.LateFrames, 9)));
    }

    /// <summary>
    /// Logits 0 and sum_t (t + 1) sum x_t - (its value at the clips below) - margin, so the required growth of the
    /// weighted sum is known.
    /// </summary>
    private static Network Weighted(float margin, int frames = Frames)
    {
        Network network = Network.Build(new InputSpec { SampleShape = [frames, 1, 2, 2], Minimum = 0, Maximum = 1 }, x => x.Flatten().Linear(2, name: "fc"));
        float[] weight = new float[2 * frames * Pixels];
        for (int i = 0; i < frames * Pixels; i++)
        {
            weight[(frames * Pixels) + i] = (i / Pixels) + 1;
        }

        return network.WithParameters(
        [
            network.Parameters["fc.weight"] with { Value = Tensor.From(weight, [2, frames * Pixels]) },
            network.Parameters["fc.bias"] with { Value = Tensor.From([0, -(0.5f * weight.Sum()) - margin], [2]) },
        ]);
    }

    private static Tensor Clips(int count, int frames = Frames) => Tensor.Full([count, frames, 1, 2, 2], 0.5f);

    private static int[] Changed(Tensor clips, int sample)
    {
        float[] values = clips.Slice(0, sample, sample + 1).ToArray<float>();
        return [.. Enumerable.Range(0, clips.Shape[1]).Where(t => values.AsSpan(t * Pixels, Pixels).ContainsAnyExcept(0.5f))];
    }

    [Theory]
    [InlineData(0.6, 0)]
    [InlineData(2.5, 2)]
    [InlineData(4, 4)]
    public void Bytes_stay_within_the_radius(double levels, int whole)
    {
        float[] clean = [.. Enumerable.Range(10, 60).Select(i => i / 255f)];
        Tensor clip = Tensor.From(clean, [1, 1, 1, 6, 10]);
        var noise = new SignNoise { Epsilon = ByteFrames.WholeLevels(levels, 1) };
        float[] bytes = ByteFrames.Rounded(noise.Perturb(clip, RandomStream.FromSeed(1)), clip, 0, 1).ToArray<float>();
        Assert.All(clean.Zip(bytes), pair => Assert.Equal(whole, Math.Abs(pair.First - pair.Second) * 255, 1e-3));
    }
}
