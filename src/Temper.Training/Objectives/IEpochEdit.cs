using System.Text.Json.Nodes;
using Temper.Optimization;

namespace Temper.Training;

/// <summary>A method that changes the network between epochs: growing, pruning in stages.</summary>
/// <remarks>What it remembers is saved with each checkpoint, so that a run resumes to the same bytes.</remarks>
public interface IEpochEdit : IFingerprinted
{
    /// <summary>Name under which its state is saved; unique in a run.</summary>
    string Name { get; }

    /// <summary>After an epoch's validation and before its checkpoint. May call <see cref="Learner.Edit"/>.</summary>
    /// <param name="learner">The learner of the run.</param>
    /// <param name="epoch">What the epoch gave.</param>
    void AfterEpoch(Learner learner, EpochResult epoch);

    /// <summary>What it remembers; null: nothing.</summary>
    JsonNode? Save();

    /// <summary>Takes up what <see cref="Save"/> gave. Called once when a run begins or resumes.</summary>
    /// <param name="state">Null for a run that begins.</param>
    void Restore(JsonNode? state);
}
