using System.Collections.ObjectModel;
using System.Text.Json.Nodes;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Training;

/// <summary>A method that edits the network between epochs: growth, gradual pruning.</summary>
/// <remarks>Its state is saved with each checkpoint, so that a resumed run gives bit-identical results.</remarks>
public interface IEpochEdit : IFingerprinted
{
    /// <summary>Name under which the state is saved; unique within a run.</summary>
    string Name { get; }

    /// <summary>
    /// Called after an epoch's validation and before its checkpoint. May call <see cref="Learner.Edit"/>.
    /// </summary>
    /// <param name="learner">The learner of the run.</param>
    /// <param name="epoch">Results of the epoch.</param>
    void AfterEpoch(Learner learner, EpochResult epoch);

    /// <summary>Returns the state to save; null: none.</summary>
    JsonNode? Save();

    /// <summary>Restores the state returned by <see cref="Save"/>. Called once when a run starts or resumes.</summary>
    /// <param name="state">The saved state; null for a run that starts.</param>
    void Restore(JsonNode? state);

    /// <summary>
    /// Whether training ends now, even if epochs remain. Read after each epoch and when a run resumes; must depend only
    /// on the saved state.
    /// </summary>
    bool EndsTraining => false;

    /// <summary>
    /// Returns networks to save with each checkpoint, by name, such as one to roll back to. Names must be valid file
    /// names without extension.
    /// </summary>
    IReadOnlyDictionary<string, Network> SaveNetworks() => ReadOnlyDictionary<string, Network>.Empty;

    /// <summary>
    /// Restores the networks returned by <see cref="SaveNetworks"/>. Called before <see cref="Restore"/>.
    /// </summary>
    /// <param name="networks">The saved networks, by name; empty for a run that starts.</param>
    void RestoreNetworks(IReadOnlyDictionary<string, Network> networks)
    {
    }
}
