using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Groups the nodes of a graph into plan steps.</summary>
/// <remarks>
/// A chain starts at a convolution, linear layer or normalization and is extended while the next node is the only user
/// of the value. It runs in the position of its last node, so that the value it adds has already been computed.
/// </remarks>
internal sealed class PlanMaker
{
    private readonly NetworkGraph _graph;
    private readonly Dictionary<string, string> _same = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Node>> _users = new(StringComparer.Ordinal);
    private readonly HashSet<string> _results;

    internal PlanMaker(NetworkGraph graph, bool isTraining, ReadOnlySpan<string> taps)
    {
        _graph = graph;
        _results = [.. graph.Outputs.Select(output => output.Value), .. taps];
        foreach (Node node in graph.Nodes)
        {
            if (!isTraining && node.Operator is Dropout && !_results.Contains(node.Name))
            {
                _same[node.Name] = Source(node.Inputs[0]);     // dropout is the identity in evaluation
                continue;
            }

            foreach (string input in node.Inputs.Select(Source).Distinct(StringComparer.Ordinal))
            {
                (_users.TryGetValue(input, out List<Node>? users) ? users : _users[input] = []).Add(node);
            }
        }
    }

    /// <summary>Creates one step per node, without fusion.</summary>
    internal static IReadOnlyList<PlanStep> EachNode(NetworkGraph graph) =>
        [.. graph.Nodes.Select(node => Single(graph, node, [.. node.Inputs.Select(graph.NumberOf)]))];

    internal IReadOnlyList<PlanStep> Steps()
    {
        // Chains are searched in topological order, so an addition belongs to the first chain that reaches it.
        var chains = new Dictionary<string, Chain>(StringComparer.Ordinal);
        var taken = new HashSet<string>(_same.Keys, StringComparer.Ordinal);
        foreach (Node node in _graph.Nodes.Where(node => !taken.Contains(node.Name)))
        {
            if (ChainFrom(node, taken) is { } chain)
            {
                chains.Add(chain.Last.Name, chain);
                taken.UnionWith(chain.Nodes.Select(member => member.Name));
            }
        }

        var steps = new List<PlanStep>(_graph.Nodes.Count);
        foreach (Node node in _graph.Nodes)
        {
            if (chains.TryGetValue(node.Name, out Chain? chain))
            {
                steps.Add(Fused(chain));
            }
            else if (!taken.Contains(node.Name))
            {
                steps.Add(Single(_graph, node, [.. node.Inputs.Select(Number)]));
            }
        }

        return steps;
    }

    /// <summary>Returns the longest chain that starts at a node; null: no other node can be fused with it.</summary>
    private Chain? ChainFrom(Node first, HashSet<string> taken)
    {
        // An int8 weight has to be rounded first, which only the unfused node does.
        if (first.Operator is not (Conv2d { HasInt8Weight: false } or Linear { HasInt8Weight: false } or BatchNorm))
        {
            return null;
        }

        var chain = new Chain
        {
            Nodes = [first],
            Head = first.Operator is BatchNorm ? null : first,
            Norm = first.Operator is BatchNorm ? first : null,
        };
        while (Next(chain, taken) is { } next)
        {
            chain = next;
        }

        return chain.Nodes.Count > 1 ? chain : null;
    }

    /// <summary>Returns the chain extended by its next node; null: it ends here.</summary>
    private Chain? Next(Chain chain, HashSet<string> taken)
    {
        string last = chain.Last.Name;
        if (chain.Relu
            || _results.Contains(last) || !_users.TryGetValue(last, out List<Node>? users) || users.Count != 1
            || taken.Contains(users[0].Name))
        {
            return null;
        }

        Node next = users[0];
        Chain longer = chain with { Nodes = [.. chain.Nodes, next] };
        bool isLinear = chain.Head?.Operator is Linear;
        return next.Operator switch
        {
            Relu => longer with { Relu = true },
            BatchNorm when chain.Head?.Operator is Conv2d && chain.Norm is null && chain.Residual is null =>
                longer with { Norm = next },
            Add when !isLinear && chain.Residual is null && Other(next, last) is { } other =>
                longer with { Residual = other },
            _ => null,
        };
    }

    /// <summary>
    /// Returns the other operand of an addition; null: it is the same value, or its shape or batch axis differs.
    /// </summary>
    private string? Other(Node addition, string value)
    {
        string[] inputs = [.. addition.Inputs.Select(Source)];
        string other = string.Equals(inputs[0], value, StringComparison.Ordinal) ? inputs[1] : inputs[0];
        bool isItself = string.Equals(other, value, StringComparison.Ordinal);
        return !isItself && _graph.InfoOf(other).Equals(_graph.InfoOf(value)) ? other : null;
    }

    private FusedStep Fused(Chain chain)
    {
        int input = Number(chain.Nodes[0].Inputs[0]);
        return new FusedStep
        {
            Inputs = chain.Residual is null ? [input] : [input, _graph.NumberOf(chain.Residual)],
            Output = _graph.NumberOf(chain.Last.Name),
            Head = chain.Head,
            HeadParameters = Indices(_graph.Parameters, chain.Head?.Parameters),
            Norm = chain.Norm,
            NormParameters = Indices(_graph.Parameters, chain.Norm?.Parameters),
            NormBuffers = Indices(_graph.Buffers, chain.Norm?.Buffers.Take(2)),
            Relu = chain.Relu,
            NormIndex = chain.Norm is null ? -1 : _graph.NumberOf(chain.Norm.Name) - _graph.Inputs.Count,
        };
    }

    private static NodeStep Single(NetworkGraph graph, Node node, int[] inputs) =>
        new(node, Indices(graph.Parameters, node.Parameters), Indices(graph.Buffers, node.Buffers))
        {
            Inputs = inputs,
            Output = graph.NumberOf(node.Name),
        };

    private static int[] Indices<TSpec>(OrderedDictionary<string, TSpec> all, IEnumerable<string>? names) =>
        [.. (names ?? []).Select(all.IndexOf)];

    /// <summary>Resolves the name of a skipped node to the value that replaces it.</summary>
    private string Source(string value) => _same.GetValueOrDefault(value, value);

    private int Number(string value) => _graph.NumberOf(Source(value));

    /// <summary>Nodes that are fused into one step.</summary>
    private sealed record Chain
    {
        internal required IReadOnlyList<Node> Nodes { get; init; }

        internal Node? Head { get; init; }

        internal Node? Norm { get; init; }

        internal string? Residual { get; init; }

        internal bool Relu { get; init; }

        internal Node Last => Nodes[^1];
    }
}
