using System.Globalization;
using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;
using Temper.Tensors;

namespace Temper.Privacy.Audit;

/// <summary>Checks, for the owner, how much of a picture the features of a developer's weights reveal.</summary>
/// <param name="Rank">Rank of the weights as a matrix <c>[O, C KH KW]</c>.</param>
/// <param name="SmallestSingularValue">
/// Smallest nonzero singular value of this matrix, as a fraction of the largest.
/// </param>
/// <param name="Redundancy">
/// Features per picture value that the layer reads, <c>O / (C min(KH, stride) min(KW, stride))</c>. Attack A works if
/// it is above 1.
/// </param>
/// <param name="Warnings">Warnings for the owner; may be empty.</param>
public sealed record FirstLayerCheck(
    int Rank, double SmallestSingularValue, double Redundancy, IReadOnlyList<string> Warnings)
{
    /// <summary>
    /// Fraction of a kernel's energy in one kernel position from which the kernel counts as copying the picture.
    /// </summary>
    private const double CopyingPart = 0.99;

    /// <summary>Computes rank, smallest singular value and redundancy of a first convolution.</summary>
    /// <param name="weights">Weights, <c>[O, C, KH, KW]</c>.</param>
    /// <param name="stride">Stride in pixels.</param>
    public static FirstLayerCheck Of(Tensor weights, int stride)
    {
        float[] w = weights.To(DType.Float32).ToArray<float>();
        int outputs = weights.Shape[0], positions = w.Length / outputs;
        double[] values = SymmetricEigen.Of(DenseMatrix.Gram(w, outputs, positions), positions).Values;
        int rank = SymmetricEigen.Rank(values);
        double redundancy = outputs / ((double)weights.Shape[1] * Math.Min(weights.Shape[2], stride)
            * Math.Min(weights.Shape[3], stride));
        int copying = Enumerable.Range(0, outputs).Count(o => IsCopying(w.AsSpan(o * positions, positions)));
        List<string> warnings = [];
        if (copying > 0)
        {
            warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{copying} of {outputs} kernels copy the picture (one kernel position has at least {CopyingPart:P0} "
                + $"of the energy): the features show the picture unchanged"));
        }

        if (redundancy > 1)
        {
            warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"there are {redundancy:F1} times as many features as picture values that they read: the order "
                + $"of the channels can be found from the layer (attack A)"));
        }

        return new FirstLayerCheck(rank, rank == 0 ? 0 : Math.Sqrt(values[rank - 1] / values[0]), redundancy, warnings);
    }

    private static bool IsCopying(ReadOnlySpan<float> kernel)
    {
        double total = 0, max = 0;
        foreach (float value in kernel)
        {
            total += (double)value * value;
            max = Math.Max(max, (double)value * value);
        }

        return total > 0 && max >= CopyingPart * total;
    }
}
