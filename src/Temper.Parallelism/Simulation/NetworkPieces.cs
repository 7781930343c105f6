using Temper.Networks;
using Temper.Parallelism.Planning;
using Temper.Tensors;

namespace Temper.Parallelism.Simulation;

/// <summary>
/// A part of a network as a separate network: a layer with the activation, normalization and pooling after it, or a
/// junction of branches.
/// </summary>
/// <param name="Network">The part.</param>
/// <param name="HasInputError">For each input: whether the backward pass computes its gradient. False for data.</param>
/// <param name="Count">Number of identical parts in the network.</param>
internal sealed record NetworkPiece(Network Network, IReadOnlyList<bool> HasInputError, int Count);

/// <summary>Splits a network into pieces and merges identical ones.</summary>
internal static class NetworkPieces
{
    internal static IReadOnlyList<NetworkPiece> Of(Network network)
    {
        Dictionary<string, int> users = NetworkLayers.UsersOf(network);
        HashSet<string> data = [.. network.Inputs.Select(input => input.Name)];
        var pieces = new List<List<Node>>();
        foreach (Node node in network.Nodes)
        {
            bool follows = pieces.Count > 0
                && node.Inputs is [var only]
                && only.Equals(pieces[^1][^1].Name, StringComparison.Ordinal)
                && users[only] == 1;
            // Each layer with weights starts a new piece, so that it is timed separately.
            if (follows && node.Operator is not (Conv2d or Linear or ConvTranspose2d))
            {
                pieces[^1].Add(node);
            }
            else
            {
                pieces.Add([node]);
            }
        }

        return [.. pieces.GroupBy(piece => Key(network, piece, data), StringComparer.Ordinal)
            .Select(alike => Piece(network, alike.First(), data, alike.Count()))];
    }

    private static string[] Inputs(List<Node> piece) =>
        [.. piece.SelectMany(node => node.Inputs).Except(piece.Select(node => node.Name), StringComparer.Ordinal)];

    private static string Key(Network network, List<Node> piece, HashSet<string> data) => string.Join('|', [
        .. piece.Select(node => $"{node.Operator}"),
        .. Inputs(piece).Select(input => $"{network.Graph.ShapeOf(input)}{data.Contains(input)}"),
    ]);

    private static NetworkPiece Piece(Network network, List<Node> piece, HashSet<string> data, int count)
    {
        string[] inputs = Inputs(piece);
        InputSpec[] specs = [.. inputs.Select(input => new InputSpec
        {
            Name = $"input_{Array.IndexOf(inputs, input)}", SampleShape = Sample(network.Graph.ShapeOf(input)),
        })];
        Network part = Network.Build(specs, values =>
        {
            Dictionary<string, Value> known =
                inputs.Zip(values).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
            foreach (Node node in piece)
            {
                Value[] taken = [.. node.Inputs.Select(input => known[input])];
                known[node.Name] = taken[0].Apply(node.Operator, name: null, taken.AsSpan(1));
            }

            return [("output", known[piece[^1].Name])];
        });
        return new NetworkPiece(part, [.. inputs.Select(input => !data.Contains(input))], count);
    }

    private static Shape Sample(Shape batch) => Shape.Create(batch.AsSpan()[1..]);
}
