using System.Globalization;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>A network during pruning, with the layers that may be pruned.</summary>
/// <param name="Network">The network; not changed.</param>
/// <param name="Layers">The layers in network order.</param>
internal sealed record PrunedNetwork(Network Network, IReadOnlyList<PrunedLayer> Layers);

/// <summary>
/// A layer's weights during pruning, as a matrix of output channels x (input channels and kernel positions). It is
/// divided into units, which are single weights or blocks with row-major indices.
/// </summary>
internal sealed class PrunedLayer
{
    private readonly float[] _weights;
    private readonly WeightBlockShape _block;
    private readonly int _width;

    internal PrunedLayer(Parameter parameter, WeightBlockShape block, Tensor? scores)
    {
        (Parameter, _block, _weights) = (parameter, block, parameter.Value.ToArray<float>());
        Require(_weights, "weights");
        int height = parameter.Value.Shape[0];
        _width = height == 0 ? 0 : _weights.Length / height;
        UnitColumns = Units(_width, block.Columns);
        UnitRows = _width == 0 ? 0 : Units(height, block.Rows);
        Values = scores is null ? _weights : Checked(scores);
        (Scores, Sizes, IsKept) =
            (new float[UnitRows * UnitColumns], new int[UnitRows * UnitColumns], new bool[UnitRows * UnitColumns]);
        Score();
    }

    internal Parameter Parameter { get; }

    /// <summary>The weights, or the scores given in place of them.</summary>
    internal float[] Values { get; }

    internal int UnitRows { get; }

    internal int UnitColumns { get; }

    /// <summary>Root mean square of the values of each unit.</summary>
    internal float[] Scores { get; }

    /// <summary>Number of nonzero weights of each unit.</summary>
    internal int[] Sizes { get; }

    /// <summary>Whether each unit is kept; units of zeros are not.</summary>
    internal bool[] IsKept { get; }

    internal int Count => _weights.Length;

    /// <summary>Number of nonzero weights before pruning.</summary>
    internal int Nonzero => Sizes.Sum();

    internal void DropBelow(float threshold)
    {
        for (int unit = 0; unit < Scores.Length; unit++)
        {
            IsKept[unit] &= Scores[unit] >= threshold;
        }
    }

    /// <summary>
    /// Returns the parameter with pruned weights set to zero, and a mask of zeros where a weight was pruned or was zero
    /// before.
    /// </summary>
    internal Parameter ToParameter()
    {
        float[] values = [.. _weights], mask = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            bool isKept = values[i] != 0 && IsKept[UnitOf(i)];
            (values[i], mask[i]) = isKept ? (values[i], 1) : (0, 0);
        }

        Shape shape = Parameter.Value.Shape;
        return Parameter with { Value = Tensor.From(values, shape), Mask = Tensor.From(mask, shape) };
    }

    private static int Units(int length, int block) => (int)(((long)length + block - 1) / block);

    private int UnitOf(int weight)
    {
        (int row, int column) = Math.DivRem(weight, _width);
        return (row / _block.Rows * UnitColumns) + (column / _block.Columns);
    }

    private void Score()
    {
        double[] squares = new double[Scores.Length];
        int[] all = new int[Scores.Length];
        for (int i = 0; i < _weights.Length; i++)
        {
            int unit = UnitOf(i);
            squares[unit] += (double)Values[i] * Values[i];
            all[unit]++;
            Sizes[unit] += _weights[i] == 0 ? 0 : 1;
        }

        for (int unit = 0; unit < Scores.Length; unit++)
        {
            Scores[unit] = (float)Math.Sqrt(squares[unit] / all[unit]);
            IsKept[unit] = Sizes[unit] > 0;
        }
    }

    private float[] Checked(Tensor scores)
    {
        if (!scores.Shape.Equals(Parameter.Value.Shape))
        {
            throw new ShapeMismatchException(
                $"Prune: scores of '{Parameter.Name}'", scores.Shape, $"the parameter's shape {Parameter.Value.Shape}");
        }

        if (scores.DType != DType.Float32)
        {
            throw new ArgumentException($"Prune: scores of '{Parameter.Name}' have another dtype (got {scores.DType}, "
                + "expected Float32); convert them");
        }

        float[] values = scores.ToArray<float>();
        Require(values, "scores");
        return Array.Exists(values, value => value < 0)
            ? throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"Prune: scores of '{Parameter.Name}' must be zero or more (got "
                + $"{values.Min()}); take their magnitudes"))
            : values;
    }

    private void Require(float[] values, string what)
    {
        int bad = Array.FindIndex(values, value => !float.IsFinite(value));
        if (bad >= 0)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"Prune: {what} of '{Parameter.Name}' are not finite (got {values[bad]} "
                + $"at index {bad}); nothing was pruned"));
        }
    }
}
