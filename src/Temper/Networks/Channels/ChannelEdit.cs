using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Applies a channel request to a whole network: changes operators, parameters, masks and buffers, and lists the moves.
/// </summary>
internal sealed class ChannelEdit(Network network, ChannelAnalysis analysis, ChannelRequest request, string what)
{
    private readonly List<ParameterMove> _moves = [];

    internal NetworkEdit Apply(RandomStream? fresh)
    {
        NetworkGraph graph = ChangedGraph();
        if (request.Adds)
        {
            CheckTies(graph);
        }

        RefuseFresh(graph, fresh);
        Parameter[] parameters = [.. graph.Parameters.Select(
            entry => Changed(network.Parameters[entry.Key], entry.Value, fresh))];
        KeyValuePair<string, Tensor>[] buffers =
            [.. graph.Buffers.Select(entry => KeyValuePair.Create(
                entry.Key, Changed(entry.Key, network.Buffers[entry.Key], () => entry.Value.Create())))];
        return new NetworkEdit(network.With(graph, parameters, buffers), _moves);
    }

    private NetworkGraph ChangedGraph()
    {
        Dictionary<string, Shape> shapes =
            network.Inputs.Select(input => input.Name).Concat(network.Nodes.Select(node => node.Name))
            .ToDictionary(
                name => name, name => ChangedShape(name, network.Graph.ShapeOf(name)), StringComparer.Ordinal);
        try
        {
            return new NetworkGraph(
                network.Inputs, [.. network.Nodes.Select(node => Changed(node, shapes))], network.Outputs);
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"{what}: the edited network would be invalid: {error.Message}", error);
        }
    }

    private Node Changed(Node node, Dictionary<string, Shape> shapes)
    {
        Shape[] before = network.Graph.InputShapes(node), after = [.. node.Inputs.Select(input => shapes[input])];
        if (shapes[node.Name].Equals(network.Graph.ShapeOf(node.Name)) && before.SequenceEqual(after))
        {
            return node;
        }

        var change = new ChannelChange
        {
            Before = before,
            After = after,
            Output = shapes[node.Name],
            InputKept = node.Inputs.Count > 0 ? Kept(analysis.Values[node.Inputs[0]]) : [],
            OutputKept = Kept(analysis.Values[node.Name]),
        };
        return node with { Operator = node.Operator.WithChannels(change) };
    }

    private Shape ChangedShape(string value, Shape shape)
    {
        int[]?[] kept = Kept(analysis.Values[value]);
        for (int axis = 0; axis < kept.Length; axis++)
        {
            shape = kept[axis] is { } indices ? shape.With(axis, indices.Length) : shape;
            if (kept[axis] is { Length: 0 })
            {
                throw new ArgumentException($"{what}: no channels of '{value}' would remain; keep at least one");
            }
        }

        return shape;
    }

    /// <summary>Returns for each axis the old index of each new index; null: the axis does not change.</summary>
    private int[]?[] Kept(IReadOnlyList<AxisChannels> axes) =>
        [.. axes.Select(axis => analysis.Roots(axis) is { } roots
            && request.Changes(roots) ? request.Apply(roots).Kept : null)];

    /// <summary>
    /// Throws if new channels would tie channels that were independent: a channel new to one layer would then be an
    /// existing one of another.
    /// </summary>
    private void CheckTies(NetworkGraph graph)
    {
        ChannelAnalysis after = ChannelAnalysis.Of(graph);
        var labels = new Dictionary<int, int>();
        (IReadOnlyDictionary<string, AxisChannels[]> Before, IReadOnlyDictionary<string, AxisChannels[]> After)[] both =
            [(analysis.Values, after.Values), (analysis.Held, after.Held)];
        foreach ((IReadOnlyDictionary<string, AxisChannels[]> before, var changed) in both)
        {
            foreach ((string name, AxisChannels[] axes) in before)
            {
                if (axes.Zip(changed[name]).Any(pair => MixesUp(pair.First, after.Roots(pair.Second), labels)))
                {
                    throw new ArgumentException($"{what}: the channels of '{name}' would be mixed up because they "
                        + "would be grouped in another order; add or remove whole groups");
                }
            }
        }
    }

    private bool MixesUp(AxisChannels before, int[]? roots, Dictionary<int, int> labels)
    {
        if (analysis.Roots(before) is not { } old || roots is null)
        {
            return false;
        }

        int[] expected = request.Apply(old).Labels;
        return roots.Length != expected.Length || roots.Where((root, i) => !Agree(labels, root, expected[i])).Any();
    }

    private static bool Agree(Dictionary<int, int> labels, int root, int label) => labels.TryAdd(root, label)
        || labels[root] == label;

    private void RefuseFresh(NetworkGraph graph, RandomStream? fresh)
    {
        string[] undrawn = [.. graph.Parameters.Where(entry => entry.Value.Initializer is not Constant
            && Grows(entry.Key)).Select(entry => entry.Key)];
        if (fresh is null && undrawn.Length > 0)
        {
            throw new ArgumentException(
                $"{what}: the edit has to draw values for {Names.Sample(undrawn)} but has no stream; pass a stream");
        }
    }

    private bool Grows(string name) => HeldKept(name).Any(kept => kept?.Contains(-1) == true);

    private int[]?[] HeldKept(string name) =>
        analysis.Held.TryGetValue(name, out AxisChannels[]? axes) ? Kept(axes) : [];

    private Parameter Changed(Parameter parameter, ParameterSpec spec, RandomStream? fresh)
    {
        if (parameter.Value.Shape.Equals(spec.Shape) && !HeldKept(parameter.Name).Any(kept => kept is not null))
        {
            return parameter;
        }

        Tensor? mask =
            parameter.Mask is null ? null : Gathered(parameter.Name, parameter.Mask, () => Tensor.Full(spec.Shape, 1f));
        Tensor value = Changed(parameter.Name, parameter.Value, () => Network.Fresh(parameter.Name, spec, fresh).Value);
        return parameter with { Value = value, Mask = mask };
    }

    private Tensor Changed(string name, Tensor old, Func<Tensor> added)
    {
        int[]?[] kept = HeldKept(name);
        for (int axis = 0; axis < kept.Length; axis++)
        {
            if (kept[axis] is { } indices)
            {
                _moves.Add(new ParameterMove(name, name, axis, indices));
            }
        }

        return kept.Any(indices => indices is not null) ? Gathered(name, old, added) : old;
    }

    /// <summary>
    /// Returns the kept values; new elements are taken from <paramref name="added"/>, which has the new shape.
    /// </summary>
    private Tensor Gathered(string name, Tensor old, Func<Tensor> added)
    {
        int[]?[] kept = HeldKept(name);
        Tensor result = old, isOld = Tensor.Full(old.Shape, 1f);
        for (int axis = 0; axis < kept.Length; axis++)
        {
            if (kept[axis] is { } indices)
            {
                Tensor sources = Tensor.From([.. indices.Select(index => (long)Math.Max(index, 0))], [indices.Length]);
                Tensor there = Tensor.From(
                    [.. indices.Select(index => index < 0 ? 0f : 1f)], AlongAxis(old.Shape.Rank, axis, indices.Length));
                (result, isOld) = (result.IndexSelect(axis, sources), isOld.IndexSelect(axis, sources) * there);
            }
        }

        return Grows(name) ? result.Where(isOld.To(DType.Bool), added()) : result;
    }

    private static Shape AlongAxis(int rank, int axis, int length) =>
        Shape.Create([.. Enumerable.Range(0, rank).Select(i => i == axis ? length : 1)]);
}
