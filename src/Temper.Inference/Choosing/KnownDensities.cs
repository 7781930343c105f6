using System.Globalization;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Densities of values that the caller states or that typical samples show.</summary>
internal static class KnownDensities
{
    /// <summary>Maximum number of typical samples to measure; few are enough.</summary>
    private const int Samples = 4;

    /// <summary>Returns the graph with the stated and measured densities.</summary>
    /// <exception cref="ArgumentException">
    /// A stated density names an unknown value or is not between 0 and 1.
    /// </exception>
    internal static LayerGraph In(LayerGraph graph, Network network, CompileOptions options)
    {
        foreach ((string name, ValueDensity density) in options.ExpectedDensities)
        {
            Check(network, name, density);
        }

        var known = new Dictionary<int, ValueDensity>();
        var stated = new HashSet<int>();
        int[] read = [.. graph.Layers.SelectMany(layer => layer.Inputs).Distinct().Where(
            value => !graph.Constants.ContainsKey(value) && graph.NameOf(value) is not null)];
        if (options.TypicalInput is { } typical && graph.InputCount == 1)
        {
            Measure(graph, typical, read, known);
        }

        foreach (int value in read.Where(value => options.ExpectedDensities.ContainsKey(graph.NameOf(value)!)))
        {
            stated.Add(value);
            known[value] = options.ExpectedDensities[graph.NameOf(value)!];
        }

        return graph.WithDensities(known, stated);
    }

    private static void Check(Network network, string name, ValueDensity density)
    {
        if (network.Graph.NumberOf(name) < 0)
        {
            throw new ArgumentException($"CompiledNetwork.Compile: unknown value in ExpectedDensities (got '{name}', "
                + "expected the name of a node or input)");
        }

        if (density is not { Elements: >= 0 and <= 1, Channels: >= 0 and <= 1 })
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"CompiledNetwork.Compile: the expected density of '{name}' is out of range (got {density.Elements} of "
                + $"the elements and {density.Channels} of the channels, expected 0 to 1)"));
        }
    }

    private static void Measure(LayerGraph graph, Tensor typical, int[] read, Dictionary<int, ValueDensity> known)
    {
        using var scope = new TensorScope();
        Tensor samples = Few(graph.Network.Inputs[0], typical);
        Pass pass = Pass.Evaluation.Tap([.. read.Select(value => graph.NameOf(value)!)]);
        graph.Network.Forward(samples, pass);
        foreach (int value in read.Where(value => graph.Values[value] is { DType: DType.Float32, Shape.Count: > 0 }))
        {
            known[value] = Of(pass[graph.NameOf(value)!]);
        }
    }

    /// <summary>Returns the first samples; for a fixed batch, the samples repeated to fill it.</summary>
    private static Tensor Few(InputSpec input, Tensor typical)
    {
        bool isFixed = !input.IsBatched && typical.Rank > 0 && typical.Rank == input.SampleShape.Rank
            && typical.Shape.With(0, 1).Equals(input.SampleShape.With(0, 1));
        if (isFixed)
        {
            float[] values = new float[input.SampleShape.Count];
            TimedPlan.Fill(values, 0, typical);
            return Tensor.From(values, input.SampleShape);
        }

        // Any other shape is reported by the network.
        return !input.IsBatched || typical.Rank == 0 || typical.Shape[0] <= Samples
            ? typical
            : typical.Slice(0, 0, Samples);
    }

    private static ValueDensity Of(Tensor x)
    {
        ReadOnlySpan<float> values = x.AsSpan<float>();
        int pixels = x.Rank > 2 ? x.Shape.CountOf(2, x.Rank) : 1, planes = x.Count / pixels, active = 0;
        for (int i = 0; i < planes; i++)
        {
            active += values.Slice(i * pixels, pixels).ContainsAnyExcept(0f) ? 1 : 0;
        }

        return new ValueDensity((x.Count - values.Count(0f)) / (float)x.Count, active / (float)planes);
    }
}
