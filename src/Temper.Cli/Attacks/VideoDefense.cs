using Temper.Data.Video;
using Temper.Networks;
using Temper.Robustness.Attacks;
using Temper.Robustness.Video;
using Temper.Tensors;
using Temper.Wording;

namespace Temper.Cli.Attacks;

/// <summary>Accuracy with a simple defense that the attack did not know.</summary>
/// <param name="Name">Name of the defense.</param>
/// <param name="Clean">Accuracy on clean clips, 0 to 1.</param>
/// <param name="Attacked">Accuracy on attacked clips, 0 to 1.</param>
internal sealed record VideoDefense(string Name, double Clean, double Attacked)
{
    private const int MaxCoded = 20;

    internal static IReadOnlyList<VideoDefense> Measure(
        Network network, AttackTarget victim, long[] labels, (Tensor Clean, Tensor Attacked) both,
        CancellationToken cancel)
    {
        (Tensor clips, Tensor attacked) = both;
        List<VideoDefense> found = [Of("smoothing over time", victim, labels, Smoothed(clips), Smoothed(attacked))];
        if (network.Nodes.FirstOrDefault(node => node.Operator is OpticalFlow) is { Operator: OpticalFlow flow } node)
        {
            Network coarse =
                network.Replace(node.Name, new OpticalFlow(flow.Options with { Bound = 20, Rounds = true }));
            found.Add(Of("flow in 8 bits", ByteFrames.Victim(new NetworkTarget(coarse)), labels, clips, attacked));
        }

        if (VideoFile.CanCode)
        {
            int count = Math.Min(MaxCoded, labels.Length);
            found.Add(Of(
                $"H.264 at CRF 23 ({Plural.Of(count, "clip")})", victim, labels[..count], Coded(clips, count, cancel),
                Coded(attacked, count, cancel)));
        }

        return found;
    }

    private static VideoDefense Of(string name, AttackTarget victim, long[] labels, Tensor clean, Tensor attacked)
    {
        var evaluation = new VideoEvaluation(victim, clean, labels, TimeProvider.System);
        return new VideoDefense(name, evaluation.Accuracy(clean).Top1, evaluation.Accuracy(attacked).Top1);
    }

    private static Tensor Smoothed(Tensor clips)
    {
        float[] values = clips.ToArray<float>();
        int size = values.Length / clips.Shape[0];
        for (int i = 0; i < clips.Shape[0]; i++)
        {
            ByteFrames.Smooth(values.AsSpan(i * size, size), clips.Shape[1]);
        }

        return Tensor.From(values, clips.Shape);
    }

    private static Tensor Coded(Tensor clips, int count, CancellationToken cancel) =>
        Tensor.Stack([.. Enumerable.Range(0, count).Select(i =>
        {
            cancel.ThrowIfCancellationRequested();
            return CodedClips.ThroughTemporary(clips.Slice(0, i, i + 1).Squeeze(0), ".mp4", quality: 23);
        })]);
}
