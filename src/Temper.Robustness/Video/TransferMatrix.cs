using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>How much changed clips are like the clean ones, means over clips.</summary>
/// <param name="Psnr">Peak signal to noise ratio, in dB.</param>
/// <param name="Ssim">Structural similarity, 1 for equal clips.</param>
public readonly record struct ClipSimilarity(double Psnr, double Ssim);

/// <summary>One row of a transfer matrix: clips that were changed, tried on every network.</summary>
/// <param name="Name">What they were made by.</param>
/// <param name="Accuracy">Accuracy of each column, 0 to 1; NaN: no clips, since the network has no gradients.</param>
/// <param name="Similarity">How much the changed clips are like the clean ones; NaN: no clips.</param>
public sealed record TransferRow(string Name, IReadOnlyList<double> Accuracy, ClipSimilarity Similarity);

/// <summary>How far attacks that are made on one network and flow carry over to others.</summary>
/// <param name="Names">Networks with their flow; attacks are made on those of rows, tried on those of columns.</param>
/// <param name="Clean">Accuracy of each column on clean clips, 0 to 1.</param>
/// <param name="Noise">Noise of the same size.</param>
/// <param name="Attacks">A row for each network.</param>
public sealed record TransferMatrix(
    IReadOnlyList<string> Names, IReadOnlyList<double> Clean, TransferRow Noise, IReadOnlyList<TransferRow> Attacks)
{
    private const int BatchSize = 16;

    /// <summary>
    /// Rows whose own network is harmed less than another one by the same attack. An attack knows its own network best,
    /// so that points to a gradient that is wrong or hidden, or to another network that is wrong without any attack.
    /// </summary>
    public IReadOnlyList<string> Suspicious =>
        [.. Names.Where((_, row) => Columns(row, (other, _) => other < Attacks[row].Accuracy[row]).Any())];

    /// <summary>The other networks that a row's attack leaves at most half of their accuracy.</summary>
    /// <param name="row">Index of the row.</param>
    public IReadOnlyList<string> Halved(int row) =>
        [.. Columns(row, (other, clean) => clean > 0 && other <= clean / 2)];

    /// <summary>
    /// Attacks every member by the iterative method, with all of its steps also where the member is mistaken early,
    /// since what carries over grows with them, and tries the results, rounded to bytes, on all.
    /// </summary>
    /// <param name="members">
    /// Networks by name, of the same clips and classes. Those without gradients, such as with Farneback's flow, are
    /// tried on only.
    /// </param>
    /// <param name="clips"><c>[N, T, C, H, W]</c>.</param>
    /// <param name="labels">Right classes.</param>
    /// <param name="epsilon">Largest change of a pixel.</param>
    /// <param name="steps">Steps of the iterative attack.</param>
    /// <param name="random">Where random numbers start.</param>
    /// <param name="cancel">Stops it.</param>
    public static TransferMatrix Of(
        IReadOnlyList<(string Name, Network Network)> members, Tensor clips, long[] labels, double epsilon, int steps,
        RandomStream random, CancellationToken cancel = default)
    {
        VideoEvaluation[] victims =
            [.. members.Select(one => new VideoEvaluation(Target(one.Network), clips, labels, TimeProvider.System))];
        List<TransferRow> rows = [];
        foreach ((string name, Network network) in members)
        {
            cancel.ThrowIfCancellationRequested();
            bool hasGradients = network.Nodes.All(node => node.Operator is not OpticalFlow { IsDifferentiable: false });
            rows.Add(hasGradients
                ? Row(name, Ascend(Target(network), clips, labels, epsilon, steps))
                : new TransferRow(name, [.. victims.Select(_ => double.NaN)], new(double.NaN, double.NaN)));
        }

        return new TransferMatrix(
            [.. members.Select(member => member.Name)], [.. victims.Select(victim => victim.Accuracy(clips).Top1)],
            Row("noise", new SignNoise { Epsilon = epsilon }.Perturb(clips, random)), rows);

        TransferRow Row(string name, Tensor changed)
        {
            Tensor bytes = ByteFrames.Rounded(changed, clips, 0, 1);
            double[] accuracy = [.. victims.Select(victim => victim.Accuracy(bytes).Top1)];
            return new TransferRow(name, accuracy, ClipChange.Similarity(clips, bytes, 1));
        }

        static AttackTarget Target(Network network) => ByteFrames.Victim(new NetworkTarget(network));
    }

    /// <summary>x = clip(x + 1.25 epsilon / steps sign g) for all clips, g the gradient of the cross-entropy.</summary>
    private static Tensor Ascend(AttackTarget target, Tensor clips, long[] labels, double epsilon, int steps)
    {
        (int count, int size) = (clips.Shape[0], target.SampleShape.Count);
        float[] x = clips.ToArray<float>(), clean = clips.ToArray<float>();
        float[] gradient = new float[BatchSize * size], logits = new float[BatchSize * target.Classes];
        for (int first = 0; first < count; first += BatchSize)
        {
            int batch = Math.Min(BatchSize, count - first), start = first;
            Span<float> here = x.AsSpan(first * size, batch * size);
            ReadOnlySpan<float> center = clean.AsSpan(first * size, batch * size);
            for (int step = 0; step < steps; step++)
            {
                target.Gradient(here, batch, logits, (row, z, slope) => Loss(start + row).Evaluate(z, slope), gradient);
                Perturbations.Ascend(Norm.Linf, here, gradient.AsSpan(0, batch * size), 1.25 * epsilon / steps);
                Perturbations.Project(Norm.Linf, here, center, epsilon, (target.Minimum, target.Maximum));
            }
        }

        return Tensor.From(x, clips.Shape);

        AttackLoss Loss(int clip) => new(LossKind.CrossEntropy, (int)labels[clip]);
    }

    private IEnumerable<string> Columns(int row, Func<double, double, bool> test) =>
        Names.Where((_, column) => column != row && test(Attacks[row].Accuracy[column], Clean[column]));
}
