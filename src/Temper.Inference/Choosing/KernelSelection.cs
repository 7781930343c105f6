namespace Temper.Inference;

/// <summary>
/// Selects the kernel of each layer so that the total cost of kernels and layout changes is minimal. Coordinate
/// descent: changes one layer at a time while that lowers the total, from three starting points: the cheapest kernel of
/// each layer, all layers on pixels (row-major or channels last), and all layers on planes.
/// </summary>
internal sealed class KernelSelection
{
    private readonly LayerGraph _graph;
    private readonly IKernelCosts _costs;
    private readonly IReadOnlyList<Candidate>[] _candidates;
    private readonly Dictionary<int, int> _makers = [];
    private readonly ILookup<int, int> _users;

    private KernelSelection(LayerGraph graph, IKernelCosts costs, int batch)
    {
        (_graph, _costs) = (graph, costs);
        _candidates = [.. graph.Layers.Select(
            layer => graph.CandidatesOf(layer, batch).Where(candidate => candidate.IsWorthTrying).ToArray())];
        foreach ((int i, Layer layer) in graph.Layers.Index())
        {
            _makers.Add(layer.Output, i);
        }

        _users = graph.Layers
            .Index()
            .SelectMany(pair => pair.Item.Inputs.Distinct().Select(input => (input, pair.Index)))
            .ToLookup(pair => pair.input, pair => pair.Index);
    }

    /// <summary>Returns the selected kernels, keyed by layer name.</summary>
    internal static IReadOnlyDictionary<string, string> Find(LayerGraph graph, IKernelCosts costs, int batch)
    {
        var choice = new KernelSelection(graph, costs, batch);
        int[] best = choice.Starts().Select(choice.Improved).MinBy(choice.Total)!;
        return graph.Layers.Index().ToDictionary(pair =>
            pair.Item.Name, pair => choice._candidates[pair.Index][best[pair.Index]].Kernel, StringComparer.Ordinal);
    }

    private IEnumerable<int[]> Starts()
    {
        yield return Cheapest(_ => true);
        yield return Cheapest(candidate => candidate.Reads.Kind != LayoutKind.Planes);
        yield return Cheapest(candidate => candidate.Reads.Kind == LayoutKind.Planes);
    }

    private int[] Cheapest(Func<Candidate, bool> isWanted) =>
    [
        .. _graph.Layers.Select((layer, i) => _candidates[i].Index()
            .OrderBy(pair => isWanted(pair.Item) ? 0 : 1).ThenBy(pair => _costs.Of(layer, pair.Item)).First().Index),
    ];

    private int[] Improved(int[] chosen)
    {
        for (bool isBetter = true; isBetter;)
        {
            isBetter = false;
            for (int layer = 0; layer < chosen.Length; layer++)
            {
                int before = chosen[layer];
                (int Index, double Cost) best = (before, Near(chosen, layer));
                for (int other = 0; other < _candidates[layer].Count; other++)
                {
                    chosen[layer] = other;
                    double cost = Near(chosen, layer);
                    best = cost < best.Cost * (1 - 1e-9) ? (other, cost) : best;
                }

                chosen[layer] = best.Index;
                isBetter |= best.Index != before;
            }
        }

        return chosen;
    }

    private double Total(int[] chosen) =>
        _graph.Layers.Select((layer, i) => _costs.Of(layer, _candidates[i][chosen[i]])).Sum()
        + Enumerable.Range(0, _graph.Values.Count).Sum(value => Moving(chosen, value));

    /// <summary>Returns the part of the total cost that depends on one layer's kernel.</summary>
    private double Near(int[] chosen, int layer) =>
        _costs.Of(_graph.Layers[layer], _candidates[layer][chosen[layer]])
        + _graph.Layers[layer].Inputs.Distinct()
            .Append(_graph.Layers[layer].Output).Sum(value => Moving(chosen, value));

    /// <summary>Returns the cost of converting a value into all layouts in which it is read.</summary>
    private double Moving(int[] chosen, int value)
    {
        bool hasOneOrder = _graph.IsExtra(value) || _graph.Values[value].DType != Tensors.DType.Float32;
        if (hasOneOrder || _graph.Constants.ContainsKey(value))
        {
            return 0;
        }

        ValueLayout made = _makers.TryGetValue(value, out int maker)
            ? _graph.LayoutFor(value, _candidates[maker][chosen[maker]].Writes)
            : ValueLayout.RowMajor;
        IEnumerable<ValueLayout> read =
            _users[value].Select(user => _graph.LayoutFor(value, _candidates[user][chosen[user]].Reads));
        if (_graph.Outputs.Contains(value))
        {
            read = read.Append(ValueLayout.RowMajor);
        }

        return read.Distinct().Where(layout => !LayoutChange.IsFree(_graph.Values[value], made, layout))
            .Sum(layout => Path(value, made, layout));
    }

    private double Path(int value, ValueLayout from, ValueLayout to)
    {
        double cost = 0;
        foreach (ValueLayout next in LayoutChange.Path(from, to))
        {
            cost += LayoutChange.IsFree(_graph.Values[value], from, next) ? 0 : _costs.OfMoving(value, from, next);
            from = next;
        }

        return cost;
    }
}
