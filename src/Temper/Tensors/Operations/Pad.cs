using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Padding modes.</summary>
public enum PadMode
{
    /// <summary>A constant value.</summary>
    Constant,

    /// <summary>Mirrored at the first and last element, which are not repeated.</summary>
    Reflect,

    /// <summary>The first or last element, repeated.</summary>
    Edge,

    /// <summary>Elements of the opposite end (circular padding).</summary>
    Wrap,
}

public sealed partial class Tensor
{
    /// <summary>Pads the axes with a constant.</summary>
    /// <param name="before">Number of elements added at the start of each axis; one value per axis, 0 or more.</param>
    /// <param name="after">Number of elements added at the end of each axis; one value per axis, 0 or more.</param>
    /// <param name="value">The constant.</param>
    /// <exception cref="ArgumentException">The number of values differs from the number of axes.</exception>
    public Tensor Pad(ReadOnlySpan<int> before, ReadOnlySpan<int> after, float value = 0)
    {
        if (before.Length != Rank || after.Length != Rank)
        {
            throw new ArgumentException(
                $"Pad: needs one value per axis (got {before.Length} and {after.Length} values, expected {Rank})");
        }

        foreach (int count in (ReadOnlySpan<int>)[.. before, .. after])
        {
            ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(before));
        }

        return new PadOperation(this, before.ToArray(), after.ToArray(), value).Apply();
    }

    /// <summary>Pads the axes with elements of the tensor.</summary>
    /// <param name="before">Number of elements added at the start of each axis; one value per axis, 0 or more.</param>
    /// <param name="after">Number of elements added at the end of each axis; one value per axis, 0 or more.</param>
    /// <param name="mode">Padding mode; <see cref="PadMode.Constant"/> pads with zeros.</param>
    /// <exception cref="ArgumentException">
    /// The number of values differs from the number of axes, or an axis is too short for the mode.
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
    /// <summary>Returns, for each index of the padded axis, the index of its source element.</summary>
    internal static long[] Of(int length, int before, int after, PadMode mode)
    {
        int max =
            mode switch { PadMode.Reflect => length - 1, PadMode.Wrap => length, _ => length == 0 ? 0 : int.MaxValue };
        if (before < 0 || after < 0 || before > max || after > max)
        {
            throw new ArgumentException($"Pad: the axis of length {length} is too short for mode {mode} (got "
                + $"{before} before and {after} after, expected 0 to {max})");
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
