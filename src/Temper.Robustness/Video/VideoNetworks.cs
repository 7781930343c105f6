using Temper.Networks;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>Variants of a network, for attackers with limited knowledge of it.</summary>
public static class VideoNetworks
{
    /// <summary>Replaces the optical flow of a network by another method.</summary>
    /// <param name="network">Network with at least one optical flow node.</param>
    /// <param name="options">Options of the new method; Bound and Rounds are kept from the network.</param>
    /// <exception cref="ArgumentException">The network has no optical flow node.</exception>
    public static Network WithFlow(this Network network, OpticalFlowOptions options)
    {
        Node[] nodes = [.. network.Nodes.Where(node => node.Operator is OpticalFlow)];
        if (nodes.Length == 0)
        {
            throw new ArgumentException("VideoNetworks.WithFlow: the network has no optical flow node; use a "
                + "network with optical flow");
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
    /// Extracts one stream of a two-stream network. The output is the stream's logits, without the softmax and fusion
    /// that follow.
    /// </summary>
    /// <param name="network">
    /// Network whose streams are scopes of nodes, as in <see cref="NetworkZoo.TwoStream"/>.
    /// </param>
    /// <param name="scope">Scope of the stream: <c>motion</c> or <c>frame</c>.</param>
    /// <exception cref="ArgumentException">The network has no such stream.</exception>
    public static Network Stream(this Network network, string scope) =>
        network.WithOutputs(new NetworkOutput(network.Outputs[0].Name, Logits(network, scope)));

    /// <summary>
    /// Replaces the fusion of a two-stream network by the sum of the streams' logits. Softmax hides the gradient of a
    /// confident stream; the sum exposes it. An attacker who knows the network would use this variant.
    /// </summary>
    /// <param name="network">Network with the streams <c>motion</c> and <c>frame</c>.</param>
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
