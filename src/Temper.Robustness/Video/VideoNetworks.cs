using Temper.Networks;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>What an attacker of a two-stream network may know, as networks.</summary>
public static class VideoNetworks
{
    /// <summary>The same network with another optical flow.</summary>
    /// <param name="network">A network with one node of optical flow or more.</param>
    /// <param name="options">The other method; limits of displacements are kept.</param>
    /// <exception cref="ArgumentException">The network computes no optical flow.</exception>
    public static Network WithFlow(this Network network, OpticalFlowOptions options)
    {
        Node[] nodes = [.. network.Nodes.Where(node => node.Operator is OpticalFlow)];
        if (nodes.Length == 0)
        {
            throw new ArgumentException("VideoNetworks.WithFlow: the network computes no optical flow; only one that "
                + "does can be given another");
        }

        foreach (Node node in nodes)
        {
            OpticalFlowOptions old = ((OpticalFlow)node.Operator).Options;
            network =
                network.Replace(node.Name, new OpticalFlow(options with { Bound = old.Bound, Rounds = old.Rounds }));
        }

        return network;
    }

    /// <summary>
    /// One stream of a two-stream network alone: gives what that stream gives before the fusion, softmax as logarithm.
    /// </summary>
    /// <param name="network">
    /// A network whose streams are scopes of its nodes, as in <see cref="NetworkZoo.TwoStream"/>.
    /// </param>
    /// <param name="scope">Name of the stream's scope: <c>motion</c> or <c>frame</c>.</param>
    /// <exception cref="ArgumentException">There is no such stream.</exception>
    public static Network Stream(this Network network, string scope) =>
        network.WithOutputs(new NetworkOutput(network.Outputs[0].Name, Logits(network, scope)));

    /// <summary>
    /// The network with the sum of its streams' logits in the place of what it makes of them. Softmax hides the
    /// gradient of a stream that is sure; this one shows it, and is what an attacker who knows the network would use.
    /// </summary>
    /// <param name="network">A network with the streams <c>motion</c> and <c>frame</c>.</param>
    /// <exception cref="ArgumentException">A stream is missing.</exception>
    public static Network WithSummedLogits(this Network network) =>
        network.Splice([Logits(network, "motion"), Logits(network, "frame")], streams =>
            streams[0] + streams[1], network.Outputs[0].Value);

    private static string Logits(Network network, string scope) =>
        (network.Nodes.LastOrDefault(node => node.Name.StartsWith(scope + ".", StringComparison.Ordinal)
            && node.Operator is Linear)
            ?? throw new ArgumentException($"VideoNetworks.Stream: the network has no stream '{scope}'; streams are "
                + "scopes that end in a linear layer")).Name;
}
