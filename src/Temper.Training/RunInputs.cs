using System.Runtime.InteropServices;
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
    /// <summary>Number of samples of each set in its digest; reading all could take longer than an epoch.</summary>
    private const int Sampled = 16;

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
        options["training data"] = Digest(Train.Spread(Sampled));
        options["validation data"] = Digest(Validation.Spread(Sampled));
        return Fingerprints.Flatten(options);
    }

    /// <summary>
    /// Digest of the graph only: the initial values of the parameters do not affect a checkpoint's later state.
    /// </summary>
    private static string Digest(Network network) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(network.WithMetadata([]).ToJson())))[..16];

    /// <summary>Digest of all samples of a set and of their labels or targets.</summary>
    private static string Digest(Dataset data)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        float[] sample = new float[data.SampleShape.Count], target = new float[data.TargetShape?.Count ?? 0];
        for (int i = 0; i < data.Count; i++)
        {
            data.CopySample(i, sample);
            hash.AppendData(MemoryMarshal.AsBytes<float>(sample));
            if (data.TargetShape is null)
            {
                hash.AppendData(BitConverter.GetBytes(data.Label(i)));
            }
            else
            {
                data.CopyTarget(i, target);
                hash.AppendData(MemoryMarshal.AsBytes<float>(target));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
