using Temper.Tensors.Memory;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Returns this tensor in row-major layout: itself if it is row-major, else a copy that is cached.
    /// </summary>
    /// <remarks>
    /// A copy owned by a shorter-lived scope is not cached: its memory could be released and overwritten while this
    /// tensor is in use. A cached copy is not used after a write to either tensor, because gradients are added in
    /// place.
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

    /// <summary>Makes the memory of this tensor and of its cached copy live as long as a scope.</summary>
    internal void KeepFor(MemoryScope scope)
    {
        _storage.KeepFor(scope);
        _rowMajor?._storage.KeepFor(scope);
    }

    /// <summary>Makes a scope the owner of the memory of this tensor and of its cached copy.</summary>
    internal void MoveTo(MemoryScope scope)
    {
        _storage.MoveTo(scope, isTransient: false);
        if (_rowMajor is { } copy && copy._storage.Owner is not null)
        {
            copy._storage.MoveTo(scope, isTransient: false);
        }
    }

    /// <summary>Returns this tensor in the layout of another tensor of the same shape.</summary>
    internal Tensor InLayoutOf(Tensor other) => Layout == other.Layout ? this : InLayout(other.Layout);

    /// <summary>Returns this rank-4 tensor in the given layout: itself, a view without a copy, or a copy.</summary>
    internal Tensor InLayout(Layout layout)
    {
        if (Layout == layout)
        {
            return this;
        }

        (int n, int c, int h, int w) = (Shape[0], Shape[1], Shape[2], Shape[3]);
        if (c == 1 || h * w == 1)
        {
            return new Tensor(_storage, Shape, DType, layout);   // both layouts are identical in memory
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

    /// <summary>
    /// Sum of the write counts. Counts only grow, so the sum is unchanged only if neither tensor was written.
    /// </summary>
    private int VersionsWith(Tensor copy) => _storage.Version + copy._storage.Version;
}
