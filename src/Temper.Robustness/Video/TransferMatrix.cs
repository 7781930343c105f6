using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>Similarity between changed and clean clips, averaged over clips.</summary>
/// <param name="Psnr">Peak signal-to-noise ratio, in dB.</param>
/// <param name="Ssim">Structural similarity; 1 for equal clips.</param>
public readonly record struct ClipSimilarity(double Psnr, double Ssim);

/// <summary>One row of a transfer matrix: the accuracy of every network on one set of changed clips.</summary>
/// <param name="Name">Network on which the attack was made, or <c>noise</c>.</param>
/// <param name="Accuracy">
/// Accuracy of the network of each column, 0 to 1; NaN if the row's network has no gradients.
/// </param>
/// <param name="Similarity">
/// Similarity between changed and clean clips; NaN if the row's network has no gradients.
/// </param>
public sealed record TransferRow(string Name, IReadOnlyList<double> Accuracy, ClipSimilarity Similarity);

/// <summary>How well attacks made on one network and optical flow transfer to others.</summary>
/// <param name="Names">
/// Networks with their optical flow. Rows: networks on which attacks are made; columns: networks on which they are
/// tried.
/// </param>
/// <param name="Clean">Accuracy of the network of each column on clean clips, 0 to 1.</param>
/// <param name="Noise">Row for noise of the same size.</param>
/// <param name="Attacks">Row for each network.</param>
public sealed record TransferMatrix(
    IReadOnlyList<string> Names, IReadOnlyList<double> Clean, TransferRow Noise, IReadOnlyList<TransferRow> Attacks)
{
    private const int BatchSize = 16;

    /// <summary>
    /// Networks whose own attack reduces the accuracy of another network further than theirs. An attack should harm its
    /// own network most, so this indicates a wrong or masked gradient, or a network that is inaccurate even without an
    /// attack.
    /// </summary>
    public IReadOnlyList<string> Suspicious =>
        [.. Names.Where((_, row) => Columns(row, (other, _) => other < Attacks[row].Accuracy[row]).Any())];

    /// <summary>Returns the other networks whose accuracy a row's attack at least halves.</summary>
    /// <param name="row">Index of the row.</param>
    public IReadOnlyList<string> Halved(int row) =>
        [.. Columns(row, (other, clean) => clean > 0 && other <= clean / 2)];

    /// <summary>
    /// Attacks every network with the iterative method and tries the results, rounded to 256 levels, on all networks.
    /// All steps are taken even after a success, because transfer improves with their number.
    /// </summary>
    /// <param name="members">
    /// Networks by name, for the same clips and classes. Networks without gradients, such as those with Farneback's
    /// flow, are only used as columns.
    /// </param>
    /// <param name="clips">Clean clips <c>[N, T, C, H, W]</c>.</param>
    /// <param name="labels">True class of each clip.</param>
    /// <param name="epsilon">Maximum change of an element.</param>
    /// <param name="steps">Number of steps of the iterative attack.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="cancel">Cancels the measurement.</param>
    public static TransferMatrix Of(
        IReadOnlyList<(string Name, Network Network)> members, Tensor clips, long[] labels, double epsilon, int steps,
        RandomStream random, CancellationToken cancel = default)
    {
        epsilon = ByteFrames.WholeLevels(epsilon * 255, 1);
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

    /// <summary>
    /// x = clip(x + 1.25 epsilon / steps sign g) for all clips, where g is the gradient of the cross-entropy.
    /// </summary>
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
