using Temper.Data;
using Temper.Formats.Models;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Divides evaluations among ranks while rank 0 alone does everything else. Rank 0 sends each network to the others,
/// and all ranks evaluate batches of the samples. The result is byte-identical to that of one rank.
/// </summary>
/// <remarks>
/// Samples are not sent: every rank opens the same sets. A set that was not named is evaluated by rank 0 alone.
/// </remarks>
internal sealed class SharedEvaluation : IDisposable
{
    private const string Sent = "network of rank 0";

    private readonly Communicator _ranks;
    private readonly SampleRanks _shared;
    private readonly (string Name, Dataset Samples)[] _sets;
    private bool _hasEnded;

    /// <summary>
    /// Must be called by all ranks. Afterwards rank 0 calls <see cref="Evaluate"/> and the others call
    /// <see cref="Follow"/>.
    /// </summary>
    /// <param name="ranks">All ranks.</param>
    /// <param name="sets">Names and samples of the sets; the same on all ranks, in the same order.</param>
    internal SharedEvaluation(Communicator ranks, params (string Name, Dataset Samples)[] sets) =>
        (_ranks, _shared, _sets) = (ranks, new SampleRanks(ranks), sets);

    /// <summary>Evaluates a network on all samples of a set. Called by rank 0.</summary>
    internal EvaluationResult Evaluate(Network network, Dataset samples, CancellationToken cancel)
    {
        if (Array.FindIndex(_sets, set => ReferenceEquals(set.Samples, samples)) is not (>= 0 and var index))
        {
            return Evaluator.Evaluate(network, samples, cancel: cancel);
        }

        cancel.ThrowIfCancellationRequested();
        using var file = new MemoryStream();
        ModelFile.ToSingleFile(network).Write(file);
        _ranks.Broadcast(_sets[index].Name);
        _ranks.BroadcastContent(file.ToArray());

        // Not cancelable: the other ranks would wait for the batches of this one.
        return Evaluator.Evaluate(network, samples, loss: null, _shared, cancel: CancellationToken.None);
    }

    /// <summary>
    /// Evaluates batches of the sets that rank 0 evaluates, until rank 0 disposes its instance. Called by the other
    /// ranks.
    /// </summary>
    internal void Follow()
    {
        while (_ranks.Broadcast("") is { Length: > 0 } name)
        {
            using var file = new MemoryStream(_ranks.BroadcastContent([]));
            Network network = ModelFile.FromSingleFile(SafetensorsFile.Read(file, Sent), Sent);
            Dataset samples = _sets.Single(set => string.Equals(set.Name, name, StringComparison.Ordinal)).Samples;
            Evaluator.Evaluate(network, samples, loss: null, _shared);
        }
    }

    /// <summary>On rank 0, ends <see cref="Follow"/> on the other ranks.</summary>
    public void Dispose()
    {
        if (_ranks.Rank == 0 && !_hasEnded)
        {
            _hasEnded = true;
            _ranks.Broadcast("");
        }
    }
}
