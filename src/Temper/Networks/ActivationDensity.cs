using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Fraction of nonzero elements, measured on data, in the inputs of convolutions and linear layers.</summary>
/// <remarks>
/// Measured in evaluation passes. The result does not depend on the number of threads or on how the samples are split
/// into batches.
/// </remarks>
/// <example><code>
/// NetworkCost cost = network.Cost(batch: 1, ActivationDensity.Measure(network, samples));
/// double? left = cost.ActiveMacs;
/// </code></example>
public sealed class ActivationDensity
{
    private readonly Dictionary<string, Counts> _counts = new(StringComparer.Ordinal);

    private ActivationDensity()
    {
    }

    /// <summary>Names of the measured values.</summary>
    public IReadOnlyCollection<string> Values => _counts.Keys;

    /// <summary>Fraction of a value's elements that are nonzero, 0 to 1.</summary>
    /// <param name="value">Name of a node or an input.</param>
    /// <exception cref="ArgumentException">The value was not measured.</exception>
    public double this[string value] =>
        Fraction(Find(value).Nonzero.Sum(), Find(value).Nonzero.Length * Find(value).PerChannel);

    /// <summary>
    /// Fraction of nonzero elements in each channel (axis 1) of a value, 0 to 1; a single number for a value of rank 1
    /// or less.
    /// </summary>
    /// <param name="value">Name of a node or an input.</param>
    /// <exception cref="ArgumentException">The value was not measured.</exception>
    public IReadOnlyList<double> Channels(string value)
    {
        Counts counts = Find(value);
        return [.. counts.Nonzero.Select(nonzero => Fraction(nonzero, counts.PerChannel))];
    }

    /// <summary>Runs one batch of samples through a network and measures the densities.</summary>
    /// <param name="network">The network; its weights must be initialized.</param>
    /// <param name="samples">
    /// One batch <c>[N, ...]</c> for the network's only input. The measured values stay in memory until the pass ends,
    /// so split a large set into several batches.
    /// </param>
    public static ActivationDensity Measure(Network network, Tensor samples) =>
        Measure(network, [(IReadOnlyList<Tensor>)[samples]]);

    /// <summary>Runs batches of samples through a network and measures the densities.</summary>
    /// <param name="network">The network; its weights must be initialized.</param>
    /// <param name="batches">For each batch, one tensor <c>[N, ...]</c> per input of the network.</param>
    /// <exception cref="ArgumentException"><paramref name="batches"/> is empty.</exception>
    public static ActivationDensity Measure(Network network, IEnumerable<IReadOnlyList<Tensor>> batches)
    {
        string[] values = [.. network.Nodes.Where(node => CostCount.WeightOf(network, node) is not null)
            .Select(node => node.Inputs[0]).Distinct(StringComparer.Ordinal)];
        var density = new ActivationDensity();
        bool isEmpty = true;
        foreach (IReadOnlyList<Tensor> batch in batches)
        {
            using var scope = new TensorScope();
            Pass pass = Pass.Evaluation.Tap(values);
            network.Forward(batch, pass);
            Array.ForEach(values, value => density.Add(value, pass[value]));
            isEmpty = false;
        }

        return !isEmpty ? density : throw new ArgumentException(
            "ActivationDensity.Measure: no batches (got 0, expected 1 or more); give at least one batch",
            nameof(batches));
    }

    private static double Fraction(long part, long all) => all == 0 ? 0 : (double)part / all;

    private void Add(string name, Tensor value)
    {
        Shape shape = value.Shape;
        int channels = shape.Rank > 1 ? shape[1] : 1,
            run = channels == 0 || shape[0] == 0 ? 0 : value.Count / (shape[0] * channels);
        Counts old = _counts.GetValueOrDefault(name) ?? new Counts(new long[channels], 0);
        ReadOnlySpan<float> numbers = value.AsSpan<float>();
        for (int i = 0; i * (long)run < numbers.Length; i++)
        {
            old.Nonzero[i % channels] += run - numbers.Slice(i * run, run).Count(0f);
        }

        _counts[name] = old with { PerChannel = old.PerChannel + ((long)shape[0] * run) };
    }

    private Counts Find(string value) => _counts.TryGetValue(value, out Counts? counts)
        ? counts
        : throw new ArgumentException($"ActivationDensity: value was not measured (got '{value}', measured: "
            + $"{string.Join(", ", Values)}); call Measure with this network", nameof(value));

    /// <param name="Nonzero">Number of nonzero elements per channel.</param>
    /// <param name="PerChannel">Number of elements per channel.</param>
    private sealed record Counts(long[] Nonzero, long PerChannel);
}
