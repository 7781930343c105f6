using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Training;

/// <summary>Inputs of a training run.</summary>
/// <param name="Network">Initial network.</param>
/// <param name="Train">Training samples.</param>
/// <param name="Validation">Validation samples, used to select the best epoch.</param>
/// <param name="Options">Training options.</param>
internal sealed record RunInputs(Network Network, Dataset Train, Dataset Validation, TrainingOptions Options)
{
    /// <summary>
    /// Returns everything that determines the exact results of the run besides the learner's options: the trainer's
    /// options, the graph, and properties of the data.
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

    /// <summary>
    /// Digest of the graph only: the initial values of the parameters do not affect a checkpoint's later state.
    /// </summary>
    private static string Digest(Network network) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(network.WithMetadata([]).ToJson())))[..16];
}
