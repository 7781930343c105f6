using System.Collections.Concurrent;
using Temper.Kernels;

namespace Temper.Inference;

/// <summary>Cache of created steps, so that plans for several batch sizes share packed weights.</summary>
internal sealed class StepLibrary
{
    private readonly ConcurrentDictionary<(string Layer, string Kernel, ValueLayout Reads), Step> _steps = new();

    internal int Count => _steps.Count;

    internal Step Get(Layer layer, Candidate candidate) =>
        _steps.GetOrAdd((layer.Name, candidate.Kernel, candidate.Reads), _ => candidate.Make());

    /// <summary>
    /// Creates the missing steps of a plan in parallel on the current worker pool, one thread per step.
    /// </summary>
    internal void Pack(IReadOnlyList<(Layer Layer, Candidate Candidate)> chosen)
    {
        (Layer Layer, Candidate Candidate)[] missing =
        [
            .. chosen.Where(pair => !pair.Layer.IsAlias
                && !_steps.ContainsKey((pair.Layer.Name, pair.Candidate.Kernel, pair.Candidate.Reads)))
                .OrderByDescending(pair => pair.Layer.Weights?.Count ?? 0),
        ];
        if (missing.Length > 0)
        {
            WorkerPool.Current.Run(new Packing(this, missing), missing.Length);
        }
    }

    /// <summary>
    /// Removes all steps except the given ones, which releases the weights of steps that were only timed. A plan keeps
    /// its own steps alive.
    /// </summary>
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

    private sealed class Packing(StepLibrary steps, (Layer Layer, Candidate Candidate)[] missing) : IPoolWork
    {
        public void Run(int task, int thread) => steps.Get(missing[task].Layer, missing[task].Candidate);
    }
}
