namespace Temper.Inference;

/// <summary>Which kernel carries out each layer, for one class of batch sizes.</summary>
internal sealed class KernelChoice
{
    private readonly IReadOnlyDictionary<string, string>? _kernels;

    private KernelChoice(IReadOnlyDictionary<string, string>? kernels) => _kernels = kernels;

    /// <summary>By what kernels are thought to cost: the same on every machine.</summary>
    internal static KernelChoice ByCost { get; } = new(null);

    /// <summary>By what they took on this machine, now.</summary>
    internal static KernelChoice ByTime(LayerGraph graph, StepLibrary steps, int batch)
    {
        var best = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (IGrouping<string, KeyValuePair<(string Layer, string Kernel), double>> layer in
            new KernelTiming(graph, steps, batch).Measure().GroupBy(pair => pair.Key.Layer, StringComparer.Ordinal))
        {
            best.Add(layer.Key, layer.MinBy(pair => pair.Value).Key.Kernel);
        }

        return new KernelChoice(best);
    }

    internal Candidate Choose(Layer layer, IReadOnlyList<Candidate> candidates) =>
        (_kernels is not null && _kernels.TryGetValue(layer.Name, out string? kernel)
            ? candidates.FirstOrDefault(candidate => string.Equals(candidate.Kernel, kernel, StringComparison.Ordinal))
            : null) ?? candidates.MinBy(candidate => candidate.Cost)!;
}
