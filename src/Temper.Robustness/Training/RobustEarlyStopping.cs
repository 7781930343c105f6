using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Training;

namespace Temper.Robustness.Training;

/// <summary>
/// Keeps the network of the epoch with the highest accuracy under attack on held-out samples, because adversarial
/// training overfits (arXiv:2002.11569). The trainer itself chooses the epoch by clean accuracy.
/// </summary>
/// <param name="samples">Held-out samples; all of them are attacked after each epoch.</param>
/// <param name="attack">Attack on the held-out samples.</param>
/// <param name="seed">Random seed of the attack.</param>
public sealed class RobustEarlyStopping(Dataset samples, InnerAttack attack, ulong seed) : IEpochEdit
{
    private const string BestName = "best";

    /// <inheritdoc/>
    public string Name => "robust-early-stopping";

    /// <summary>Network of the best epoch so far; null before the end of the first epoch.</summary>
    public Network? Best { get; private set; }

    /// <summary>Accuracy of <see cref="Best"/> under attack, 0 to 1; -1 before the end of the first epoch.</summary>
    public double BestAccuracy { get; private set; } = -1;

    /// <inheritdoc/>
    public void AfterEpoch(Learner learner, EpochResult epoch)
    {
        // With an average of the weights, the average is what is kept, so it is what is attacked.
        Network judged = learner.AverageSnapshot();
        double accuracy = Accuracy(judged);
        if (accuracy > BestAccuracy)
        {
            (Best, BestAccuracy) = (judged, accuracy);
        }
    }

    /// <inheritdoc/>
    public JsonNode? Save() => new JsonObject { ["accuracy"] = BestAccuracy };

    /// <inheritdoc/>
    public void Restore(JsonNode? state) => BestAccuracy = (double?)state?["accuracy"] ?? -1;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Network> SaveNetworks() =>
        Best is null
            ? new Dictionary<string, Network>(StringComparer.Ordinal)
            : new Dictionary<string, Network>(StringComparer.Ordinal) { [BestName] = Best };

    /// <inheritdoc/>
    public void RestoreNetworks(IReadOnlyDictionary<string, Network> networks) =>
        Best = networks.GetValueOrDefault(BestName);

    /// <inheritdoc/>
    public JsonNode Fingerprint() =>
        new JsonObject { ["attack"] = attack.Fingerprint(), ["samples"] = samples.Count, ["seed"] = seed };

    private double Accuracy(Network network) =>
        AttackedAnswers.Of(network, samples, attack, seed).Count(one => one.Answer == one.Label)
            / (double)samples.Count;
}
