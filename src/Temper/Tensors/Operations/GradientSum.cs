namespace Temper.Tensors;

/// <summary>Adds gradients that reach one tensor along several paths.</summary>
internal static class GradientSum
{
    /// <summary>The sum: into the memory of <paramref name="held"/> if nobody else holds it, else new.</summary>
    internal static Tensor Of(Tensor held, Tensor other)
    {
        if (other.Layout != held.Layout)
        {
            other = other.InLayout(held.Layout);
        }

        if (held.Storage.IsExclusive)
        {
            Kernels.Elementwise.Accumulate(other.Physical(), held.Writable());
            held.Storage.MarkWritten();                      // copies of it in another layout are out of date
            return held;
        }

        Tensor sum = Tensor.Allocate(held.Shape, held.Layout);
        held.Physical().CopyTo(sum.Writable());
        Kernels.Elementwise.Accumulate(other.Physical(), sum.Writable());
        return sum;
    }
}
