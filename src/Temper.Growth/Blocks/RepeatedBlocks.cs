using System.Globalization;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Growth.Blocks;

/// <summary>
/// Finds repeated blocks in the graph of a network. The graph is cut at the values that all paths pass through. A block
/// is a sequence of the resulting pieces that starts with a layer and whose output has the shape of its input. The same
/// operators and wiring must occur at least twice; the widths may differ.
/// </summary>
internal static class RepeatedBlocks
{
    /// <summary>Maximum number of pieces in a block.</summary>
    private const int MaxPieces = 12;

    /// <summary>Returns the stages of blocks, from the input; empty if there are no repeated blocks.</summary>
    /// <remarks>
    /// If several kinds of blocks are repeated, the one with the most adjacent pairs is chosen (so that a ReLU after an
    /// addition belongs to the block), then the one that covers the most pieces, then the shortest.
    /// </remarks>
    internal static IReadOnlyList<IReadOnlyList<GrowthBlock>> Of(Network network)
    {
        List<Piece> pieces = Pieces(network);
        (List<int> Starts, int Length)? best = Enumerable.Range(1, Math.Min(MaxPieces, pieces.Count))
            .SelectMany(length => Repeated(network, pieces, length).Select(starts => (Starts: starts, Length: length)))
            .OrderByDescending(
                found => found.Starts.Zip(found.Starts.Skip(1)).Count(pair => pair.Second == pair.First + found.Length))
            .ThenByDescending(found => found.Starts.Count * found.Length)
            .ThenBy(found => found.Length)
            .Select(found => ((List<int>, int)?)found)
            .FirstOrDefault();
        return best is { } kind ? Stages(pieces, kind.Starts, kind.Length) : [];
    }

    /// <summary>Returns the first pieces of the blocks, for each kind that occurs at least twice.</summary>
    private static IEnumerable<List<int>> Repeated(Network network, List<Piece> pieces, int length)
    {
        var kinds = new OrderedDictionary<string, List<int>>(StringComparer.Ordinal);
        for (int start = 0; start + length <= pieces.Count; start++)
        {
            if (!IsBlock(network, pieces, start, length))
            {
                continue;
            }

            string kind = string.Join('|', pieces.Skip(start).Take(length).Select(piece => piece.Kind));
            kinds.TryAdd(kind, []);
            if (kinds[kind].Count == 0 || kinds[kind][^1] + length <= start)
            {
                kinds[kind].Add(start);
            }
        }

        return kinds.Values.Where(starts => starts.Count > 1);
    }

    private static bool IsBlock(Network network, List<Piece> pieces, int start, int length)
    {
        Node[] nodes = [.. pieces.Skip(start).Take(length).SelectMany(piece => piece.Nodes)];
        var own = nodes.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
        var parameters = nodes.SelectMany(node => node.Parameters).ToHashSet(StringComparer.Ordinal);

        // A new block is built from its input alone, so constants and other inputs cannot be part of it.
        bool IsInside(string input) => own.Contains(input)
            || string.Equals(input, pieces[start].Input, StringComparison.Ordinal);
        return network.Graph.InfoOf(pieces[start].Input).Equals(network.Graph.InfoOf(pieces[start + length - 1].Output))
            && pieces[start].Nodes.Any(node => BlockTemplate.IsLayer(node.Operator))
            && nodes.All(node => node.Inputs.Count > 0 && node.Inputs.All(IsInside))
            && nodes.All(node => node.Operator is BatchNorm || node.Buffers.Count == 0)
            && nodes.SelectMany(node => node.Parameters).Count() == parameters.Count
            && !network.Nodes.Any(node => !own.Contains(node.Name) && node.Parameters.Any(parameters.Contains));
    }

    /// <summary>Groups adjacent blocks into stages.</summary>
    private static List<IReadOnlyList<GrowthBlock>> Stages(List<Piece> pieces, List<int> starts, int length)
    {
        var stages = new List<IReadOnlyList<GrowthBlock>>();
        List<GrowthBlock>? stage = null;
        for (int i = 0; i < starts.Count; i++)
        {
            bool follows = i > 0 && starts[i] == starts[i - 1] + length;
            if (!follows)
            {
                stages.Add(stage = []);
            }

            string number = string.Create(CultureInfo.InvariantCulture, $"found{i + 1}");
            stage!.Add(new GrowthBlock(
                number,
                [.. pieces.Skip(starts[i]).Take(length).SelectMany(piece => piece.Nodes).Select(node => node.Name)]));
        }

        return stages;
    }

    /// <summary>
    /// Cuts the graph at the values that all paths pass through, and returns the pieces from the input on.
    /// </summary>
    private static List<Piece> Pieces(Network network)
    {
        string input = network.Inputs[0].Name, output = network.Outputs[0].Value;
        Dictionary<string, int> lastUse = [];
        foreach ((int i, Node node) in network.Nodes.Index())
        {
            foreach (string value in node.Inputs)
            {
                lastUse[value] = i;
            }
        }

        var pieces = new List<Piece>();
        List<Node> open = [];
        string before = input;
        int needed = lastUse.GetValueOrDefault(input, -1);
        foreach ((int i, Node node) in network.Nodes.Index())
        {
            // A node's value is a cut if no earlier value is used after it.
            open.Add(node);
            if (needed <= i)
            {
                pieces.Add(new Piece(before, node.Name, open));
                (before, open) = (node.Name, []);
            }

            needed = Math.Max(needed, lastUse.GetValueOrDefault(node.Name, i));
            if (string.Equals(node.Name, output, StringComparison.Ordinal))
            {
                break;
            }
        }

        return pieces;
    }

    private sealed record Piece(string Input, string Output, List<Node> Nodes)
    {
        /// <summary>
        /// Key of operators and wiring. It includes kernel sizes and strides, but not the numbers of channels.
        /// </summary>
        internal string Kind => string.Join(';', Nodes.Select(node =>
            $"{KindOf(node.Operator)}({string.Join(',', node.Inputs.Select(Number))})"));

        private int Number(string input) =>
            Nodes.FindIndex(other => string.Equals(other.Name, input, StringComparison.Ordinal));

        private static string KindOf(Operator operation) => operation is Conv2d conv
            ? string.Create(CultureInfo.InvariantCulture, $"Conv {conv.Kernel} {conv.Options} {conv.HasBias}")
            : operation.Kind;
    }
}
