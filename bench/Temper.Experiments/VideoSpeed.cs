using System.Diagnostics;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Video;
using Temper.Tensors;

namespace Temper.Experiments;

/// <summary>Cost of optical flow and of an attack on a clip.</summary>
internal static class VideoSpeed
{
    /// <summary>
    /// Prints the time of the flow of one pair of frames, the time and memory of a gradient through the flow of ten
    /// pairs, and the time of a whole attack.
    /// </summary>
    internal static void Print()
    {
        Tensor clip = Tensor.From(
            [
                .. Enumerable.Range(0, 11 * 112 * 112).Select(
                    i => 0.5f + (0.4f * MathF.Sin((i % 112 * 0.31f) + (i / 112 % 112 * 0.17f) + (i / 12544 * 0.4f)))),
            ],
            [1, 11, 1, 112, 112]);
        Tensor pair = clip.Slice(1, 0, 2);
        pair.OpticalFlow();
        double flow = Enumerable.Range(0, 9).Min(_ => Milliseconds(() => pair.OpticalFlow()));
        long before = GC.GetTotalAllocatedBytes(precise: true);
        double backward = Milliseconds(() =>
        {
            using var tape = new GradientTape();
            tape.Watch(clip);
            tape.Gradient(clip.OpticalFlow().Sum(), clip);
        });
        double memory = (GC.GetTotalAllocatedBytes(precise: true) - before) / 1048576.0;
        var network = new NetworkTarget(
            NetworkZoo.Create(
                "two-stream",
                new ZooOptions
                {
                    Input = new InputSpec { SampleShape = [32, 3, 112, 112] },
                }).Initialize(RandomStream.FromSeed(1)));
        Tensor color = Tensor.From(
            [
                .. Enumerable.Range(0, 32 * 3 * 112 * 112).Select(
                    i => 0.5f + (0.4f * MathF.Sin((i % 112 * 0.31f) + (i / 112 % 112 * 0.17f) + (i / 37632 * 0.4f)))),
            ],
            [1, 32, 3, 112, 112]);
        long label = new VideoEvaluation(network, color, [0], TimeProvider.System).Predictions[0];
        AttackResult? found = null;
        double attack = Milliseconds(
            () =>
                found =
                    new FrameAttack { Epsilon = 4 / 255.0 }.Run(
                        network, color, Criterion.Misclassified([label]), RandomStream.FromSeed(1)));
        Console.WriteLine(
            Text($"TV-L1 flow of a pair of 112x112 frames, 5 scales, 5 warps, 30 iterations: {flow:F1} ms"));
        Console.WriteLine(
            Text($"gradient of 10 pairs: {backward:F0} ms, {memory:F0} MB allocated in total, first run"));
        Console.WriteLine(
            Text($"salience attack on 32 x 112 x 112: {attack / 1000:F1} s, {found!.Samples[0].Outcome}, ")
            + Text($"{found.Samples[0].Backwards} gradients"));
    }

    private static double Milliseconds(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
