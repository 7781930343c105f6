using Temper.Data;
using Temper.Formats.Models;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Evaluations that ranks share while rank 0 alone does everything else: it gives the others each network, and all of
/// them run batches of the samples. The result has the bytes of one rank.
/// </summary>
/// <remarks>
/// Samples do not travel: every rank has opened the same sets. Those of a set that was not named are run by rank 0
/// alone.
/// </remarks>
internal sealed class SharedEvaluation : IDisposable
{
    private const string Sent = "network of rank 0";

    private readonly Communicator _ranks;
    private readonly SampleRanks _shared;
    private readonly (string Name, Dataset Samples)[] _sets;
    private bool _hasEnded;

    /// <summary>Called by all ranks; after it rank 0 evaluates and the others follow.</summary>
    /// <param name="ranks">All ranks.</param>
    /// <param name="sets">The same on all ranks, in the same order.</param>
    internal SharedEvaluation(Communicator ranks, params (string Name, Dataset Samples)[] sets) =>
        (_ranks, _shared, _sets) = (ranks, new SampleRanks(ranks), sets);

    /// <summary>Runs all samples of a set. Called by rank 0.</summary>
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

        // Not cancelled halfway: the other ranks would wait for the batches of this one.
        return Evaluator.Evaluate(network, samples, loss: null, _shared, cancel: CancellationToken.None);
    }

    /// <summary>Runs batches of what rank 0 evaluates, until it has ended. Called by the others.</summary>
    internal void Follow()
    {
        while (_ranks.Broadcast("") is { Length: > 0 } name)
        {
            using var file = new MemoryStream(_ranks.BroadcastContent([]));
            Network network = ModelFile.FromSingleFile(SafetensorsFile.Read(file, Sent), Sent);
            Evaluator.Evaluate(network, _sets.Single(set =>
                string.Equals(set.Name, name, StringComparison.Ordinal)).Samples, loss: null, _shared);
        }
    }

    /// <summary>Ends the work of the ranks that follow.</summary>
    public void Dispose()
    {
        if (_ranks.Rank == 0 && !_hasEnded)
        {
            _hasEnded = true;
            _ranks.Broadcast("");
        }
    }
}
