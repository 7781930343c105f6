using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>What is put around a tensor.</summary>
public enum PadMode
{
    /// <summary>A constant.</summary>
    Constant,

    /// <summary>What lies behind the edge, mirrored; the edge itself is not repeated.</summary>
    Reflect,

    /// <summary>The element at the edge.</summary>
    Edge,

    /// <summary>What lies at the other end.</summary>
    Wrap,
}

public sealed partial class Tensor
{
    /// <summary>A constant added around some axes.</summary>
    /// <param name="before">Elements before, an axis each; zero or more.</param>
    /// <param name="after">Elements after, an axis each; zero or more.</param>
    /// <param name="value">What is added.</param>
    /// <exception cref="ArgumentException">There is not one number an axis.</exception>
    public Tensor Pad(ReadOnlySpan<int> before, ReadOnlySpan<int> after, float value = 0)
    {
        if (before.Length != Rank || after.Length != Rank)
        {
            throw new ArgumentException(
                $"Pad: needs a number for each axis (got {before.Length} and {after.Length}, expected {Rank})");
        }

        foreach (int count in (ReadOnlySpan<int>)[.. before, .. after])
        {
            ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(before));
        }

        return new PadOperation(this, before.ToArray(), after.ToArray(), value).Apply();
    }

    /// <summary>Elements of the tensor itself added around some axes.</summary>
    /// <param name="before">Elements before, an axis each; zero or more.</param>
    /// <param name="after">Elements after, an axis each; zero or more.</param>
    /// <param name="mode">Which elements; a constant is zero.</param>
    /// <exception cref="ArgumentException">
    /// There is not one number an axis, or an axis is too short to give so many.
    /// </exception>
    public Tensor Pad(ReadOnlySpan<int> before, ReadOnlySpan<int> after, PadMode mode)
    {
        if (mode == PadMode.Constant || before.Length != Rank || after.Length != Rank)
        {
            return Pad(before, after);
        }

        Tensor result = this;
        for (int axis = 0; axis < Rank; axis++)
        {
            if (before[axis] != 0 || after[axis] != 0)
            {
                long[] indices = PadIndices.Of(Shape[axis], before[axis], after[axis], mode);
                result = result.IndexSelect(axis, From(indices, [indices.Length]));
            }
        }

        return result;
    }
}

internal sealed class PadOperation(Tensor x, int[] before, int[] after, float value) : Operation(x)
{
    internal override string Name => "Pad";

    protected override Tensor Forward()
    {
        int[] lengths = new int[x.Rank];
        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] = checked(x.Shape[i] + before[i] + after[i]);
        }

        Tensor y = ElementSwitch.Allocate(x.DType, Shape.Create(lengths));
        ElementSwitch.Fill(y, value);
        ElementSwitch.Write(x, y, View(y.Shape));
        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        StridedCopies.Read(gradient.ToRowMajor().Physical(), View(output.Shape), dx.Writable());
        inputs.Add(0, dx);
    }

    private StridedView View(Shape padded) => StridedView.Sliced(padded.AsSpan(), before, x.Shape.AsSpan(), []);
}

internal static class PadIndices
{
    /// <summary>For each index of the padded axis the index that it takes its element from.</summary>
    internal static long[] Of(int length, int before, int after, PadMode mode)
    {
        int max =
            mode switch { PadMode.Reflect => length - 1, PadMode.Wrap => length, _ => length == 0 ? 0 : int.MaxValue };
        if (before < 0 || after < 0 || before > max || after > max)
        {
            throw new ArgumentException($"Pad: an axis of length {length} cannot give so many elements by {mode} (got "
                + $"{before} before and {after} after)");
        }

        long[] indices = new long[checked(length + before + after)];
        for (int i = 0; i < indices.Length; i++)
        {
            int index = i - before;
            indices[i] = mode switch
            {
                PadMode.Edge => Math.Clamp(index, 0, length - 1),
                PadMode.Wrap => (index + length) % length,
                _ => index < 0 ? -index : index < length ? index : (2 * (length - 1)) - index,
            };
        }

        return indices;
    }
}
