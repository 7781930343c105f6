using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Training;

/// <summary>What a run of the trainer is given.</summary>
/// <param name="Network">Where it begins.</param>
/// <param name="Train">Samples to train on.</param>
/// <param name="Validation">Samples that choose the epoch.</param>
/// <param name="Options">How.</param>
internal sealed record RunInputs(Network Network, Dataset Train, Dataset Validation, TrainingOptions Options)
{
    /// <summary>
    /// What decides the bytes of the run beside the learner's options: the trainer's options, the graph, what the data
    /// were.
    /// </summary>
    internal SortedDictionary<string, string> Identity()
    {
        JsonObject options = Options.Fingerprint();
        options["network"] = Digest(Network);
        options["training samples"] = Train.Count;
        options["validation samples"] = Validation.Count;
        options["sample shape"] = Train.SampleShape.ToString();
        return Fingerprints.Flatten(options);
    }

    /// <summary>Of the graph only: the numbers that training began with are part of no later state.</summary>
    private static string Digest(Network network) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(network.WithMetadata([]).ToJson())))[..16];
}
