using System.Text.Json.Nodes;
using Temper.Compression.Pruning;
using Temper.Training;

namespace Temper.Outside;

/// <summary>
/// Gradual pruning as an edit: sets half of the remaining weights to zero after each epoch, at most three times.
/// </summary>
public sealed class HalvingPruning : IEpochEdit
{
    private const int Most = 3;

    private int _halvings;

    /// <inheritdoc/>
    public string Name => "halving-pruning";

    /// <inheritdoc/>
    public void AfterEpoch(Learner learner, EpochResult epoch)
    {
        if (_halvings < Most)
        {
            _halvings++;
            learner.Edit(network => network.Prune(PruningRule.GlobalSparsity(1 - Math.Pow(0.5, _halvings))));
        }
    }

    /// <summary>Returns how often weights were set to zero; without it, a resumed run would begin again.</summary>
    public JsonNode? Save() => _halvings;

    /// <inheritdoc/>
    public void Restore(JsonNode? state) => _halvings = state?.GetValue<int>() ?? 0;

    /// <inheritdoc/>
    public JsonNode Fingerprint() => new JsonObject { ["most"] = Most };
}
