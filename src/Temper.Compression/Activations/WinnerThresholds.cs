using Temper.Data;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Activations;

/// <summary>
/// Replaces ranking by thresholds, so that nothing is sorted at run time. A threshold is the mean, over calibration
/// samples, of the value of the sample's last winner.
/// </summary>
public static class WinnerThresholds
{
    /// <summary>
    /// Sets a threshold for every winners-take-all of a network such that about the configured number of competitors
    /// win. The exact number varies by sample.
    /// </summary>
    /// <param name="network">A network with winners; existing thresholds are kept.</param>
    /// <param name="samples">Calibration samples; labels are not read.</param>
    /// <param name="most">Maximum number of samples used, spread evenly over the set.</param>
    /// <returns>The network with thresholds. Its accuracy may change; measure it again.</returns>
    /// <exception cref="ArgumentException">There are no samples.</exception>
    public static Network Calibrate(Network network, Dataset samples, int most = 512)
    {
        samples = samples.Spread(most);
        int count = samples.Count;
        if (count == 0)
        {
            throw new ArgumentException(
                "WinnerThresholds.Calibrate: there are no samples; give at least one", nameof(samples));
        }

        // Processed in network order, because earlier thresholds change the inputs of later ones.
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

    /// <summary>Returns the sum over samples of the magnitude (or channel score) of the last winner.</summary>
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
