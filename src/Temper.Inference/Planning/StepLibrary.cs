using System.Collections.Concurrent;

namespace Temper.Inference;

/// <summary>Steps that were made, so that plans for several batch sizes share packed weights.</summary>
internal sealed class StepLibrary
{
    private readonly ConcurrentDictionary<(string Layer, string Kernel, ValueLayout Reads), Step> _steps = new();

    internal Step Get(Layer layer, Candidate candidate) => _steps.GetOrAdd((layer.Name, candidate.Kernel, candidate.Reads), _ => candidate.Make());
}
