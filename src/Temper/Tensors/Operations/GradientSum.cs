namespace Temper.Tensors;

/// <summary>Sums gradients that reach the same tensor along several paths.</summary>
internal static class GradientSum
{
    /// <summary>
    /// Returns the sum: in place in <paramref name="held"/> if nothing else references its memory, else in a new
    /// tensor.
    /// </summary>
    internal static Tensor Of(Tensor held, Tensor other)
    {
        if (other.Layout != held.Layout)
        {
            other = other.InLayout(held.Layout);
        }

        if (held.Storage.IsExclusive)
        {
            Kernels.Elementwise.Accumulate(other.Physical(), held.Writable());
            held.Storage.MarkWritten();                      // invalidates cached copies in another layout
            return held;
        }

        Tensor sum = Tensor.Allocate(held.Shape, held.Layout);
        held.Physical().CopyTo(sum.Writable());
        Kernels.Elementwise.Accumulate(other.Physical(), sum.Writable());
        return sum;
    }
}
