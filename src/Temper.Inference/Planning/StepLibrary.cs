using System.Collections.Concurrent;

namespace Temper.Inference;

/// <summary>Steps that were made, so that plans for several batch sizes share packed weights.</summary>
internal sealed class StepLibrary
{
    private readonly ConcurrentDictionary<(string Layer, string Kernel, ValueLayout Reads), Step> _steps = new();

    internal int Count => _steps.Count;

    internal Step Get(Layer layer, Candidate candidate) => _steps.GetOrAdd((layer.Name, candidate.Kernel, candidate.Reads), _ => candidate.Make());

    /// <summary>Forgets all steps but some: those that were only timed give their weights back. A plan keeps its own steps alive.</summary>
    internal void KeepOnly(IReadOnlySet<Step> used)
    {
        foreach (KeyValuePair<(string Layer, string Kernel, ValueLayout Reads), Step> pair in _steps)
        {
            if (!used.Contains(pair.Value))
            {
                _steps.TryRemove(pair);
            }
        }
    }
}
