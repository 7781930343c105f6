using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Shrinking;

/// <summary>
/// A constant for every element of a layer's output. Behind a padded convolution it differs only near the border of the
/// image, so each run of equal rows or columns is stored as one.
/// </summary>
internal sealed class BorderMap
{
    /// <summary>Differences that count as rounding, relative to the magnitudes that the layer adds up.</summary>
    private const float Rounding = 1e-6f;

    private readonly float[] _tolerances;
    private readonly List<Run> _runs = [];
    private readonly Tensor _stored;

    /// <param name="map">The constants, of the shape of the layer's output.</param>
    /// <param name="magnitudes">
    /// Sum of the magnitudes of the products whose sum is the constant; same shape. It bounds the rounding error.
    /// </param>
    /// <param name="channelAxis">Axis of the layer's channels.</param>
    internal BorderMap(Tensor map, Tensor magnitudes, int channelAxis)
    {
        ChannelAxis = channelAxis;
        _tolerances = Tolerances(magnitudes, channelAxis);
        _stored = map.ToRowMajor();
        for (int axis = 0; axis < map.Rank; axis++)
        {
            if (axis != channelAxis && LongestRun(axis) is { Count: > 1 } run)
            {
                _runs.Add(run);
                long[] kept =
                    [.. Enumerable.Range(0, map.Shape[axis]).Where(i => !run.Repeats(i)).Select(i => (long)i)];
                _stored = _stored.IndexSelect(axis, Tensor.From(kept, [kept.Length])).ToRowMajor();
            }
        }
    }

    /// <summary>Axis of the layer's channels.</summary>
    internal int ChannelAxis { get; }

    /// <summary>Number of stored constants other than zero.</summary>
    internal int Nonzero => _stored.Count - _stored.AsSpan<float>().Count(0f);

    /// <summary>One constant per channel; null: they differ within a channel.</summary>
    internal Tensor? Channels => _stored.Count == _stored.Shape[ChannelAxis] ? _stored.Reshape([_stored.Count]) : null;

    /// <summary>
    /// Adds a node with the stored constants, nodes that repeat rows and columns, and a node that adds the result to
    /// the layer's output.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="layer">Name of the layer.</param>
    /// <param name="name">Name of the node; the names of the other nodes begin with it.</param>
    internal Network AddAfter(Network network, string layer, string name)
    {
        // A constant has no batch axis.
        int dropped = ChannelAxis > 0 && _stored.Shape[0] == 1 ? 1 : 0;
        Tensor stored = dropped == 1 ? _stored.Squeeze(0) : _stored;
        Network changed = network.Splice(layer, x =>
        {
            Value map = x.Builder.Add(new ConstantValue(stored.Shape), name, parametersOf: null, []);

            // If a single row or column is left, broadcasting repeats it.
            foreach (Run run in _runs.Where(run => _stored.Shape[run.Axis] > 1))
            {
                map = Repeated(map, run with { Axis = run.Axis - dropped }, $"{name}.axis{run.Axis}");
            }

            return x.Add(map, $"{name}.sum");
        });
        return changed.WithParameters(
            [changed.Parameters[$"{name}.value"] with { Value = stored, IsTrainable = false }]);
    }

    /// <summary>
    /// Repeats one row or column with edge padding: directly if it is the first or last, otherwise between slices.
    /// Unlike a gather, these operators keep channels removable and need no indices.
    /// </summary>
    private static Value Repeated(Value map, Run run, string name)
    {
        int axis = run.Axis, length = map.Shape[axis], added = run.Count - 1;
        if (run.First == 0)
        {
            return map.Apply(new Pad(axis, added, 0) { Mode = PadMode.Edge }, name);
        }

        var padding = new Pad(axis, 0, added) { Mode = PadMode.Edge };
        if (run.First == length - 1)
        {
            return map.Apply(padding, name);
        }

        Value start = map.Slice(axis, 0, run.First + 1, name: $"{name}.start").Apply(padding, $"{name}.inside");
        return start.Concatenate([map.Slice(axis, run.First + 1, name: $"{name}.end")], axis, name);
    }

    private static float[] Tolerances(Tensor magnitudes, int channelAxis)
    {
        Tensor rows = magnitudes.ToRowMajor();
        float[] tolerances = new float[rows.Shape[channelAxis]];
        int inner = rows.Shape.CountOf(channelAxis + 1, rows.Rank);
        ReadOnlySpan<float> values = rows.AsSpan<float>();
        for (int i = 0; i < values.Length; i++)
        {
            ref float tolerance = ref tolerances[i / inner % tolerances.Length];
            tolerance = Math.Max(tolerance, Rounding * values[i]);
        }

        return tolerances;
    }

    private Run LongestRun(int axis)
    {
        int length = _stored.Shape[axis];
        var longest = new Run(axis, 0, 1);
        for (int first = 0, count; first < length; first += count)
        {
            count = 1;
            while (first + count < length && AreSame(axis, first, first + count))
            {
                count++;
            }

            longest = count > longest.Count ? new Run(axis, first, count) : longest;
        }

        return longest;
    }

    /// <summary>Returns whether two slices along an axis are equal up to rounding.</summary>
    private bool AreSame(int axis, int one, int other)
    {
        Shape shape = _stored.Shape;
        int inner = shape.CountOf(axis + 1, shape.Rank), step = inner * shape[axis],
            pixels = shape.CountOf(ChannelAxis + 1, shape.Rank);
        ReadOnlySpan<float> values = _stored.AsSpan<float>();
        for (int outer = 0; outer < values.Length; outer += step)
        {
            for (int i = outer; i < outer + inner; i++)
            {
                int a = i + (one * inner), b = i + (other * inner);
                if (!(Math.Abs(values[a] - values[b]) <= _tolerances[a / pixels % _tolerances.Length]))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Equal slices along an axis, of which the first is stored.</summary>
    private readonly record struct Run(int Axis, int First, int Count)
    {
        internal bool Repeats(int index) => index > First && index < First + Count;
    }
}
