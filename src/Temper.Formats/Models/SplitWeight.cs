using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>
/// A weight that PyTorch stores in two parts: value and mask of <c>torch.nn.utils.prune</c>, or length and direction of
/// weight normalization.
/// </summary>
/// <param name="Name">Name of the weight.</param>
/// <param name="First">Name of the value before pruning, or of the lengths g.</param>
/// <param name="Second">Name of the mask, or of the direction v.</param>
/// <param name="IsPruned">Whether the second part is a mask.</param>
internal sealed record SplitWeight(string Name, string First, string Second, bool IsPruned)
{
    private const string Value = "_orig", Mask = "_mask", Length = "_g", Direction = "_v";
    private const string NewLength = ".original0", NewDirection = ".original1", Owner = "parametrizations";

    /// <summary>Returns the weight whose first part has a given name; null if it is no first part.</summary>
    internal static SplitWeight? Of(string first)
    {
        if (first.EndsWith(Value, StringComparison.Ordinal))
        {
            string name = first[..^Value.Length];
            return new(name, first, name + Mask, IsPruned: true);
        }

        if (first.EndsWith(Length, StringComparison.Ordinal))
        {
            string name = first[..^Length.Length];
            return new(name, first, name + Direction, IsPruned: false);
        }

        // LAYER.parametrizations.NAME.original0
        string path = first.EndsWith(NewLength, StringComparison.Ordinal) ? first[..^NewLength.Length] : "";
        int dot = path.LastIndexOf('.');
        string owner = dot < 0 ? "" : path[..dot];
        bool isOwner = string.Equals(owner, Owner, StringComparison.Ordinal)
            || owner.EndsWith("." + Owner, StringComparison.Ordinal);
        return isOwner
            ? new(owner[..^Owner.Length] + path[(dot + 1)..], first, path + NewDirection, IsPruned: false)
            : null;
    }

    /// <summary>Returns the weight.</summary>
    /// <param name="first">The first part.</param>
    /// <param name="second">The second part.</param>
    /// <param name="shape">Shape that the network expects.</param>
    /// <exception cref="FormatException">The parts do not fit each other or the shape.</exception>
    internal Tensor Join(Tensor first, Tensor second, Shape shape)
    {
        int[] lengths = [.. shape];
        Shape expected = IsPruned ? shape : Shape.Create([.. lengths.Select((length, axis) => axis == 0 ? length : 1)]);
        if (shape.Rank == 0 || first.DType != DType.Float32 || !first.Shape.Equals(expected)
            || !second.Shape.Equals(shape) || (!IsPruned && second.DType != DType.Float32))
        {
            throw new FormatException($"{Name} ({First}: got {first.DType} {first.Shape}, expected Float32 {expected}; "
                + $"{Second}: got {second.DType} {second.Shape}, expected {shape})");
        }

        float[] result = second.To(DType.Float32).ToArray<float>();
        ReadOnlySpan<float> factors = first.AsSpan<float>();
        if (IsPruned)
        {
            for (int i = 0; i < result.Length; i++)
            {
                result[i] *= factors[i];
            }
        }
        else
        {
            int row = factors.Length == 0 ? 0 : result.Length / factors.Length;
            for (int i = 0; i < factors.Length; i++)
            {
                Scale(result.AsSpan(i * row, row), factors[i]);
            }
        }

        return Tensor.From(result, shape);
    }

    /// <summary>Gives a vector another length. Zeros become NaN, as in PyTorch.</summary>
    private static void Scale(Span<float> vector, double length)
    {
        double squares = 0;
        foreach (float value in vector)
        {
            squares += (double)value * value;
        }

        double norm = Math.Sqrt(squares);
        for (int i = 0; i < vector.Length; i++)
        {
            vector[i] = (float)(length * vector[i] / norm);
        }
    }
}
