using System.Diagnostics;
using System.Text.Json.Nodes;
using Temper.Inference;
using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;

namespace Temper.Growth.Limits;

/// <summary>
/// Limits on what a grown network may cost. Obeyed before a block is added: parameters, MACs and memory are known from
/// the graph, milliseconds are measured.
/// </summary>
public sealed record GrowthLimits : IFingerprinted
{
    /// <summary>Time of growing and final training together; null: no limit.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Number of parameter values; null: no limit.</summary>
    public long? Parameters { get; init; }

    /// <summary>Multiply-accumulate operations for one sample; null: no limit.</summary>
    public long? Macs { get; init; }

    /// <summary>Memory of training in MiB, as <see cref="TrainingMemory"/> estimates it; null: no limit.</summary>
    public double? MemoryMiB { get; init; }

    /// <summary>
    /// Milliseconds for one sample of the compiled network on this machine, all threads, median; null: no limit.
    /// </summary>
    public double? Milliseconds { get; init; }

    /// <summary>The first limit that a network breaks, as text; null: none.</summary>
    /// <param name="network">Any network.</param>
    /// <param name="batch">Samples a training batch.</param>
    public string? Exceeded(Network network, int batch)
    {
        NetworkCost cost = network.Cost();
        double memory = TrainingMemory(network, batch) / (1024.0 * 1024);
        return cost.Parameters > Parameters ? $"{cost.Parameters:N0} parameters, at most {Parameters:N0} are allowed"
            : cost.Macs > Macs ? $"{cost.Macs:N0} MACs, at most {Macs:N0} are allowed"
            : memory > MemoryMiB ? $"about {memory:N0} MiB to train, at most {MemoryMiB:N0} are allowed"
            : null;
    }

    /// <summary>
    /// An estimate of the bytes that training takes at most: values, gradients and momentum of all parameters, and the
    /// results of all nodes for a batch twice, once for their gradients.
    /// </summary>
    /// <param name="network">Any network.</param>
    /// <param name="batch">Samples per batch.</param>
    public static long TrainingMemory(Network network, int batch)
    {
        NetworkCost cost = network.Cost(batch);
        return sizeof(float) * ((3 * cost.Parameters) + (2 * cost.Activations));
    }

    /// <inheritdoc/>
    public JsonNode Fingerprint() => new JsonObject
    {
        ["seconds"] = Time?.TotalSeconds, ["parameters"] = Parameters, ["macs"] = Macs, ["memory"] = MemoryMiB,
        ["milliseconds"] = Milliseconds,
    };

    /// <summary>Milliseconds of one sample, the median of several runs.</summary>
    internal static double Measure(Network network)
    {
        const int WarmUp = 5, Runs = 25;
        using CompiledNetwork compiled = CompiledNetwork.Compile(network);
        using InferenceSession session = compiled.CreateSession();
        Tensor x = Tensor.Zeros(network.Inputs[0].BatchShape(1));
        float[] output = new float[network.Graph.ShapeOf(network.Outputs[0].Value).Count];
        double[] times = new double[Runs];
        for (int i = -WarmUp; i < Runs; i++)
        {
            long start = Stopwatch.GetTimestamp();
            session.Run(x.AsSpan<float>(), output);
            times[Math.Max(i, 0)] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[Runs / 2];
    }

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
                throw new ArgumentOutOfRangeException(
                    name, $"GrowthLimits: {name} is out of range (got {limit}, expected above 0)");
            }
        }
    }
}
