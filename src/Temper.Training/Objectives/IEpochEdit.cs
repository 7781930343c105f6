using System.Collections.ObjectModel;
using System.Text.Json.Nodes;
using Temper.Networks;
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

    /// <summary>
    /// Whether training is over, whatever epochs are left. Asked after each epoch and when a run resumes; must follow
    /// from the saved state.
    /// </summary>
    bool EndsTraining => false;

    /// <summary>
    /// Networks that are saved with each checkpoint, by name: one to return to. Names are those of files without an
    /// ending.
    /// </summary>
    IReadOnlyDictionary<string, Network> SaveNetworks() => ReadOnlyDictionary<string, Network>.Empty;

    /// <summary>Takes up what <see cref="SaveNetworks"/> gave. Called before <see cref="Restore"/>.</summary>
    /// <param name="networks">Empty for a run that begins.</param>
    void RestoreNetworks(IReadOnlyDictionary<string, Network> networks)
    {
    }
}
