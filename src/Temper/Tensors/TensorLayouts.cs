namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>This tensor in row-major memory: itself if it is already, else a copy that is kept for the next time.</summary>
    internal Tensor ToRowMajor()
    {
        if (Layout == Layout.RowMajor)
        {
            return this;
        }

        Tensor? kept = _rowMajor;
        if (kept is null || kept._storage.IsReturned || kept._storage.Version != _storage.Version)
        {
            kept = InLayout(Layout.RowMajor);
            _rowMajor = kept;
        }

        return kept;
    }

    /// <summary>This tensor in the memory order of another of the same shape.</summary>
    internal Tensor InLayoutOf(Tensor other) => Layout == other.Layout ? this : InLayout(other.Layout);

    /// <summary>This tensor, rank 4, in the given memory order: itself, a free view, or a copy.</summary>
    internal Tensor InLayout(Layout layout)
    {
        if (Layout == layout)
        {
            return this;
        }

        (int n, int c, int h, int w) = (Shape[0], Shape[1], Shape[2], Shape[3]);
        if (c == 1 || h * w == 1)
        {
            return new Tensor(_storage, Shape, DType, layout);   // both orders are the same bytes
        }

        Tensor result = Allocate(Shape, layout);
        if (layout == Layout.ChannelsLast)
        {
            Kernels.Layouts.ToChannelsLast(Physical(), result.Writable(), n, c, h * w);
        }
        else
        {
            Kernels.Layouts.ToChannelsFirst(Physical(), result.Writable(), n, c, h * w);
        }

        return result;
    }
}
