using System.Text.Json.Nodes;
using Temper.Networks;

namespace Temper.Training.Tests.Support;

/// <summary>
/// Inserts a batch normalization after the first ReLU at the end of each epoch, and counts the insertions.
/// </summary>
internal sealed class Growing : IEpochEdit
{
    private int _grown;

    public string Name => "growing";

    public void AfterEpoch(Learner learner, EpochResult epoch)
    {
        learner.Edit(network => network.Insert(new BatchNorm(), after: "relu1", name: $"grown{_grown}"));
        _grown++;
    }

    public JsonNode? Save() => _grown;

    public void Restore(JsonNode? state) => _grown = state?.GetValue<int>() ?? 0;

    public JsonNode Fingerprint() => new JsonObject();
}
