using Temper.Tensors.Memory;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// This tensor in row-major memory: itself if it is already, else a copy that is kept for the next time.
    /// </summary>
    /// <remarks>
    /// A copy that a shorter-lived scope owns is not kept: its memory could go back, and be written by others, while
    /// this tensor is read. Neither is one used after a write to either: gradients are added to in place.
    /// </remarks>
    internal Tensor ToRowMajor()
    {
        if (Layout == Layout.RowMajor)
        {
            return this;
        }

        _storage.RequireMemory();
        Tensor? kept = _rowMajor;
        if (kept is not null && !kept._storage.IsReturned && VersionsWith(kept) == _rowMajorVersions)
        {
            return kept;
        }

        kept = InLayout(Layout.RowMajor);
        if (kept._storage.Owner is null || kept._storage.Owner == _storage.Owner)
        {
            (_rowMajor, _rowMajorVersions) = (kept, VersionsWith(kept));
        }

        return kept;
    }

    /// <summary>Makes this tensor's memory, and that of the copy it keeps, live as long as a scope.</summary>
    internal void KeepFor(MemoryScope scope)
    {
        _storage.KeepFor(scope);
        _rowMajor?._storage.KeepFor(scope);
    }

    /// <summary>Makes a scope the owner of this tensor's memory and of the copy it keeps.</summary>
    internal void MoveTo(MemoryScope scope)
    {
        _storage.MoveTo(scope, isTransient: false);
        if (_rowMajor is { } copy && copy._storage.Owner is not null)
        {
            copy._storage.MoveTo(scope, isTransient: false);
        }
    }

    /// <summary>This tensor in the layout of another of the same shape.</summary>
    internal Tensor InLayoutOf(Tensor other) => Layout == other.Layout ? this : InLayout(other.Layout);

    /// <summary>This tensor, rank 4, in the given layout: itself, a free view, or a copy.</summary>
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

    /// <summary>Counts only grow, so their sum is the same only if neither was written.</summary>
    private int VersionsWith(Tensor copy) => _storage.Version + copy._storage.Version;
}
