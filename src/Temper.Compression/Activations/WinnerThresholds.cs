using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Activations;

/// <summary>
/// Thresholds in the place of rankings: what a sample's last winner has on the mean of some samples, so that nothing is
/// sorted at run time.
/// </summary>
public static class WinnerThresholds
{
    /// <summary>
    /// Gives every winners-take-all of a network a threshold that lets about as many win; some more or fewer in a
    /// sample.
    /// </summary>
    /// <param name="network">With winners; those that have a threshold keep it.</param>
    /// <param name="samples">Samples; labels are not read.</param>
    /// <param name="most">How many are taken, from the first on.</param>
    /// <returns>The network with thresholds. Check its accuracy again.</returns>
    /// <exception cref="ArgumentException">There are no samples.</exception>
    public static Network Calibrate(Network network, Dataset samples, int most = 512)
    {
        int count = Math.Min(samples.Count, most);
        if (count == 0)
        {
            throw new ArgumentException(
                "WinnerThresholds.Calibrate: there are no samples; give at least one", nameof(samples));
        }

        // In order, since the thresholds before decide what the next ones see.
        foreach (Node node in network.Nodes.Where(node => node.Operator is Winners { Threshold: null }).ToArray())
        {
            var winners = (Winners)node.Operator;
            double sum = 0;
            const int atOnce = 128;
            for (int start = 0; start < count; start += atOnce)
            {
                using var scope = new TensorScope();
                Pass pass = Pass.Evaluation.Tap(node.Inputs[0]);
                network.Forward(samples.Read(start, Math.Min(atOnce, count - start)).Inputs, pass);
                sum += LastWinners(pass[node.Inputs[0]], winners);
            }

            network = network.Replace(node.Name, winners with { Threshold = (float)(sum / count) });
        }

        return network;
    }

    /// <summary>The magnitude, or score, of the last winner of each sample, summed.</summary>
    private static double LastWinners(Tensor x, Winners winners)
    {
        Tensor ranked = winners.Unit == WinnerUnit.Elements ? x.Abs().Flatten() : winners.Score switch
        {
            ChannelScore.L2 => x.Norm(2, [2, 3]),
            ChannelScore.Max => x.Abs().Max([2, 3]),
            _ => x.Abs().Mean([2, 3]),
        };
        return ranked.KthValue(winners.Count).Values.ToArray<float>().Sum(value => (double)value);
    }
}
