using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Inference;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Growth.Limits;

/// <summary>
/// Limits on the cost of a grown network, checked before a block is added. Parameters, MACs and memory are computed
/// from the graph; the inference time is measured.
/// </summary>
public sealed record GrowthLimits : IFingerprinted
{
    /// <summary>Maximum total time of growth and final training; null: no limit.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Maximum number of parameter values; null: no limit.</summary>
    public long? Parameters { get; init; }

    /// <summary>Maximum number of multiply-accumulates per sample; null: no limit.</summary>
    public long? Macs { get; init; }

    /// <summary>
    /// Maximum memory of training in MiB, as estimated by <see cref="TrainingMemory"/>; null: no limit.
    /// </summary>
    public double? MemoryMiB { get; init; }

    /// <summary>
    /// Maximum inference time of the compiled network in milliseconds per sample, measured on this machine with all
    /// threads by <see cref="NetworkTiming"/> with batch 1; null: no limit.
    /// </summary>
    public double? Milliseconds { get; init; }

    /// <summary>Returns a description of the first limit that a network exceeds; null if there is none.</summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">Samples per training batch.</param>
    public string? Exceeded(Network network, int batch)
    {
        NetworkCost cost = network.Cost();
        double memory = TrainingMemory(network, batch) / (1024.0 * 1024);
        return cost.Parameters > Parameters
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{cost.Parameters:N0} parameters, at most {Parameters:N0} are allowed")
            : cost.Macs > Macs
            ? string.Create(CultureInfo.InvariantCulture, $"{cost.Macs:N0} MACs, at most {Macs:N0} are allowed")
            : memory > MemoryMiB
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"about {Math.Ceiling(memory):N0} MiB to train, at most {MemoryMiB:#,0.######} are allowed")
            : null;
    }

    /// <summary>
    /// Estimates the peak memory of training in bytes: values, gradients and momentum of all parameters, and the
    /// outputs of all nodes for one batch together with their gradients.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">Samples per batch.</param>
    public static long TrainingMemory(Network network, int batch)
    {
        NetworkCost cost = network.Cost(batch);
        return sizeof(float) * ((3 * cost.Parameters) + (2 * cost.Activations));
    }

    /// <summary>
    /// The limits that determine results. Time is not one of them: decisions by time are recorded, so a resumed run may
    /// have another limit.
    /// </summary>
    public JsonNode Fingerprint() => new JsonObject
    {
        ["parameters"] = Parameters, ["macs"] = Macs, ["memory"] = MemoryMiB,
        ["milliseconds"] = Milliseconds,
    };

    /// <summary>
    /// Measures the inference time that <see cref="Milliseconds"/> limits, in milliseconds per sample.
    /// </summary>
    internal static double Measure(Network network) => NetworkTiming.Milliseconds([network], batch: 1)[0];

    internal void Validate()
    {
        foreach ((string name, double? value) in ((string, double?)[])
        [
            (nameof(Time), Time?.TotalSeconds), (nameof(Parameters), Parameters), (nameof(Macs), Macs),
            (nameof(MemoryMiB), MemoryMiB),
            (nameof(Milliseconds), Milliseconds),
        ])
        {
            if (value is { } limit && !(limit > 0))
            {
                throw new ArgumentOutOfRangeException(name, string.Create(
                    CultureInfo.InvariantCulture,
                    $"GrowthLimits: {name} is out of range (got {limit}, expected above 0)"));
            }
        }
    }
}
