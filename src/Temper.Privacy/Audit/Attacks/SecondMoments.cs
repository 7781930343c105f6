using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>
/// Recovers pictures from statistics of a whole data set. An orthogonal map rotates the principal axes of the pictures'
/// covariance and preserves its eigenvalues. With other pictures of the same kind, an attacker can estimate the axes
/// and eigenvalues on the plain side. The i-th axis of the rows then corresponds to the i-th axis of the pictures, up
/// to its sign, which mean and skewness determine. Axes whose eigenvalues are too close for the number of rows are
/// omitted, so the recovered pictures are blurred.
/// </summary>
internal static class SecondMoments
{
    /// <summary>Recovers pictures.</summary>
    /// <param name="known">Other plain pictures of the same kind, <c>[n, d]</c>.</param>
    /// <param name="rows">Morphed rows, <c>[m, d]</c>.</param>
    /// <param name="targets">Morphed rows to recover, <c>[k, d]</c>.</param>
    /// <param name="inputs">Values per picture, d.</param>
    /// <returns>Recovered pictures, <c>[k, d]</c>, and the number of axes that could be distinguished.</returns>
    internal static (float[] Pictures, int Axes) Recover(float[] known, float[] rows, float[] targets, int inputs)
    {
        Moments plain = new(known, inputs), morphed = new(rows, inputs);
        int axes = Resolved(plain, morphed, inputs);
        int count = targets.Length / inputs;
        float[] pictures = new float[targets.Length];
        double[] sum = new double[inputs];
        for (int picture = 0; picture < count; picture++)
        {
            plain.Mean.CopyTo(sum, 0);
            for (int axis = 0; axis < axes; axis++)
            {
                double sign = (plain.Offset[axis] * morphed.Offset[axis])
                    + (plain.Skewness[axis] * morphed.Skewness[axis]) < 0 ? -1 : 1;
                double length = sign * morphed.Project(targets.AsSpan(picture * inputs, inputs), axis);
                TensorPrimitives.MultiplyAdd<double>(plain.Axis(axis), length, sum, sum);
            }

            TensorPrimitives.ConvertSaturating<double, float>(sum, pictures.AsSpan(picture * inputs, inputs));
        }

        return (pictures, axes);
    }

    /// <summary>
    /// Counts the leading axes whose eigenvalue differs from the next one by more than the sampling error, on both
    /// sides.
    /// </summary>
    private static int Resolved(Moments plain, Moments morphed, int inputs)
    {
        int axes = 0;
        while (axes + 1 < inputs && plain.IsApart(axes) && morphed.IsApart(axes))
        {
            axes++;
        }

        return axes;
    }

    /// <summary>Mean, principal axes, and statistics that determine the sign of each axis.</summary>
    private sealed class Moments
    {
        private readonly int _inputs;
        private readonly int _count;
        private readonly double[] _values;
        private readonly double[] _axes;

        internal Moments(float[] rows, int inputs)
        {
            (_inputs, _count) = (inputs, rows.Length / inputs);
            Mean = new double[inputs];
            for (int i = 0; i < rows.Length; i++)
            {
                Mean[i % inputs] += (double)rows[i] / _count;
            }

            double[] centered = new double[rows.Length], transposed = new double[rows.Length],
                covariance = new double[inputs * inputs];
            for (int i = 0; i < rows.Length; i++)
            {
                (int row, int column) = Math.DivRem(i, inputs);
                centered[i] = rows[i] - Mean[column];
                transposed[(column * _count) + row] = centered[i] / _count;
            }

            FixedOrderProduct.Add(inputs, inputs, _count, transposed, centered, covariance);
            (_values, _axes) = SymmetricEigen.Of(covariance, inputs);
            (Offset, Skewness) = (new double[inputs], new double[inputs]);
            for (int axis = 0; axis < inputs && IsApart(axis); axis++)
            {
                double deviation = Math.Sqrt(Math.Max(_values[axis], 1e-300)), cubes = 0;
                for (int row = 0; row < _count; row++)
                {
                    double part = TensorPrimitives.Dot<double>(
                        centered.AsSpan(row * inputs, inputs), Axis(axis)) / deviation;
                    cubes += part * part * part / _count;
                }

                Offset[axis] = TensorPrimitives.Dot<double>(Mean, Axis(axis)) / deviation;
                Skewness[axis] = cubes;
            }
        }

        internal double[] Mean { get; }

        /// <summary>Mean along each axis, in standard deviations.</summary>
        internal double[] Offset { get; }

        internal double[] Skewness { get; }

        internal ReadOnlySpan<double> Axis(int axis) => _axes.AsSpan(axis * _inputs, _inputs);

        /// <summary>
        /// Returns whether an eigenvalue and the next one differ by more than their sampling error, 2 sqrt(2 / n) of
        /// the eigenvalue.
        /// </summary>
        internal bool IsApart(int axis) => _values[axis] > 0
            && (axis + 1 == _inputs
                || _values[axis] - Math.Max(_values[axis + 1], 0) > 2 * Math.Sqrt(2.0 / _count) * _values[axis]);

        internal double Project(ReadOnlySpan<float> row, int axis)
        {
            ReadOnlySpan<double> direction = Axis(axis);
            double sum = 0;
            for (int i = 0; i < row.Length; i++)
            {
                sum += (row[i] - Mean[i]) * direction[i];
            }

            return sum;
        }
    }
}
