using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// How much of what weights are multiplied by is not zero on data: the inputs of convolutions and linear layers.
/// </summary>
/// <remarks>
/// Counts of an evaluation pass; the same for any number of threads and any cut into batches of the same samples.
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

    /// <summary>Names of the values that were measured.</summary>
    public IReadOnlyCollection<string> Values => _counts.Keys;

    /// <summary>The fraction of a value that is not zero, 0 to 1.</summary>
    /// <param name="value">Name of a node or an input.</param>
    /// <exception cref="ArgumentException">It was not measured.</exception>
    public double this[string value] =>
        Fraction(Find(value).Nonzero.Sum(), Find(value).Nonzero.Length * Find(value).PerChannel);

    /// <summary>
    /// The fraction of each channel (axis 1) of a value that is not zero, 0 to 1; one number for a value without that
    /// axis.
    /// </summary>
    /// <param name="value">Name of a node or an input.</param>
    /// <exception cref="ArgumentException">It was not measured.</exception>
    public IReadOnlyList<double> Channels(string value)
    {
        Counts counts = Find(value);
        return [.. counts.Nonzero.Select(nonzero => Fraction(nonzero, counts.PerChannel))];
    }

    /// <summary>Runs samples through a network and counts zeros.</summary>
    /// <param name="network">Initialized.</param>
    /// <param name="samples">
    /// One batch <c>[N, ...]</c> of the only input. Values are held until its pass ends: measure many samples in
    /// several batches.
    /// </param>
    public static ActivationDensity Measure(Network network, Tensor samples) =>
        Measure(network, [(IReadOnlyList<Tensor>)[samples]]);

    /// <summary>Runs batches through a network and counts zeros.</summary>
    /// <param name="network">Initialized.</param>
    /// <param name="batches">For each batch one tensor <c>[N, ...]</c> an input.</param>
    /// <exception cref="ArgumentException">There is no batch.</exception>
    public static ActivationDensity Measure(Network network, IEnumerable<IReadOnlyList<Tensor>> batches)
    {
        string[] values = [.. network.Nodes.Where(node => CostCount.WeightOf(network, node) is not null).Select(node =>
            node.Inputs[0]).Distinct(StringComparer.Ordinal)];
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

        return isEmpty ? throw new ArgumentException("ActivationDensity.Measure: there are no samples; give at least "
            + "one batch", nameof(batches)) : density;
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
        : throw new ArgumentException($"ActivationDensity: the value was not measured (got '{value}', measured: "
            + $"{string.Join(", ", Values)}); measure this network", nameof(value));

    /// <param name="Nonzero">Numbers of each channel that are not zero.</param>
    /// <param name="PerChannel">Numbers of each channel.</param>
    private sealed record Counts(long[] Nonzero, long PerChannel);
}
