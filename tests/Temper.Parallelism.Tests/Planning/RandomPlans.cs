using Temper.Parallelism.Planning;
using Temper.Randomness;

namespace Temper.Parallelism.Tests.Planning;

/// <summary>Consecutive random integers from a stream.</summary>
internal sealed class SequenceRandom(RandomStream stream)
{
    private readonly RandomCursor _cursor = stream.Cursor();

    /// <summary>Returns an integer between two bounds, both inclusive.</summary>
    internal int Next(int least, int most) => least + _cursor.NextInt32(most - least + 1);
}

/// <summary>Random networks for planner tests.</summary>
internal static class RandomPlans
{
    internal static PlannedNetwork Chain(SequenceRandom random, int layers, bool hasGroups = true) =>
        PlannedNetwork.Chain("chain", [.. Enumerable.Range(0, layers).Select(i => Layer(random, $"l{i}", hasInput: i > 0, hasGroups))]);

    /// <summary>
    /// Layers that each read one of the two layers before them, and sometimes another earlier layer. A layer with
    /// several inputs is a junction without weights.
    /// </summary>
    internal static PlannedNetwork Graph(SequenceRandom random, int layers)
    {
        var edges = new List<(int From, int To)>();
        for (int i = 1; i < layers; i++)
        {
            edges.Add((random.Next(Math.Max(0, i - 2), i - 1), i));
            if (i > 1 && random.Next(0, 2) == 0)
            {
                edges.Add((random.Next(0, i - 1), i));
            }
        }

        PlannedLayer[] made = [.. Enumerable.Range(0, layers).Select(i =>
            edges.Count(edge => edge.To == i) > 1 ? new PlannedLayer { Name = $"j{i}", Kind = LayerKind.Junction, Outputs = random.Next(1, 500) }
            : Layer(random, $"l{i}", edges.Any(edge => edge.To == i)))];
        if (made.All(layer => !layer.HasWeights))
        {
            made[0] = Layer(random, "l0", hasInput: false);
        }

        return new PlannedNetwork("graph", made, [.. edges.Select(edge => new PlannedEdge(edge.From, edge.To, made[edge.From].Outputs))]);
    }

    private static PlannedLayer Layer(SequenceRandom random, string name, bool hasInput, bool hasGroups = true) => new()
    {
        Name = name,
        Kind = hasGroups && random.Next(0, 5) == 0 ? LayerKind.Grouped : LayerKind.Weighted,
        Weights = random.Next(1, 40000),
        Inputs = hasInput ? random.Next(1, 500) : 0,
        Outputs = random.Next(1, 500),
        Macs = random.Next(1, 1000),
        InChannels = 1 << random.Next(3, 6),
        OutChannels = 1 << random.Next(1, 6),
    };
}
