using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>How far attacks that are made on one network and flow carry over to others.</summary>
/// <param name="Names">Networks with their flow; rows are those that attacks are made on, columns those that they are tried on.</param>
/// <param name="Clean">Accuracy of each column on clean clips, 0 to 1.</param>
/// <param name="Noise">Accuracy of each column under noise of the same size.</param>
/// <param name="Attacked">Accuracy of each column under the attacks of each row; NaN where a row has no gradients.</param>
public sealed record TransferMatrix(IReadOnlyList<string> Names, IReadOnlyList<double> Clean, IReadOnlyList<double> Noise, IReadOnlyList<IReadOnlyList<double>> Attacked)
{
    /// <summary>
    /// Rows whose own network is harmed less than another one by the same attack. An attack knows its own network best, so that points to a
    /// gradient that is wrong or hidden.
    /// </summary>
    public IReadOnlyList<string> Suspicious => [.. Names.Where((_, row) => Attacked[row].Where((_, column) => column != row).Any(other => other < Attacked[row][row]))];

    /// <summary>Attacks every member and tries the results on all.</summary>
    /// <param name="members">Networks by name, of the same clips and classes. Those without gradients, such as with Farneback's flow, are tried on only.</param>
    /// <param name="clips"><c>[N, T, C, H, W]</c>.</param>
    /// <param name="labels">Right classes.</param>
    /// <param name="epsilon">Largest change of a pixel.</param>
    /// <param name="steps">Steps of the iterative attack.</param>
    /// <param name="random">Where random numbers start.</param>
    /// <param name="cancel">Stops it.</param>
    public static TransferMatrix Of(
        IReadOnlyList<(string Name, Network Network)> members, Tensor clips, long[] labels, double epsilon, int steps, RandomStream random, CancellationToken cancel = default)
    {
        VideoEvaluation[] victims = [.. members.Select(member => new VideoEvaluation(ByteFrames.Victim(new NetworkTarget(member.Network)), clips, labels, TimeProvider.System))];
        List<IReadOnlyList<double>> attacked = [];
        foreach ((_, Network network) in members)
        {
            bool hasGradients = network.Nodes.All(node => node.Operator is not OpticalFlow || node.Operator.IsDifferentiable);
            if (!hasGradients)
            {
                attacked.Add([.. victims.Select(_ => double.NaN)]);
                continue;
            }

            // The whole attack, also where the attacker's own network is fooled early: what carries over grows with it.
            Attack attack = VideoAttacks.Create("iterative", epsilon, steps);
            AttackResult found = attack.Run(
                ByteFrames.Victim(new NetworkTarget(network)), clips, Criterion.Misclassified(labels), random, new AttackRun { BatchSize = 16, GoesOn = true }, cancel);
            attacked.Add([.. victims.Select(victim => victim.Accuracy(found.Adversarials).Top1)]);
        }

        Tensor noisy = new SignNoise { Epsilon = epsilon }.Perturb(clips, random);
        return new TransferMatrix(
            [.. members.Select(member => member.Name)], [.. victims.Select(victim => victim.Accuracy(clips).Top1)], [.. victims.Select(victim => victim.Accuracy(noisy).Top1)], attacked);
    }
}
