using System.Collections.Concurrent;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// The border of the pieces of cut images: pixels of neighboring pieces, which are other lanes of other pixels, and
/// zeros outside the image. Must be written after every write to a plane.
/// </summary>
internal readonly unsafe struct PlaneHalo
{
    private static readonly ConcurrentDictionary<(PlaneShape Shape, int Interleave), Table> Tables = new();

    /// <summary>Two offsets per pixel, in floats: target and source.</summary>
    private readonly int* _offsets;

    /// <summary>Source lane per pixel and lane; -1: zero.</summary>
    private readonly int* _lanes;

    private PlaneHalo(Table table)
    {
        _offsets = (int*)table.Offsets.Pointer;
        _lanes = (int*)table.Lanes.Pointer;
        Count = table.Offsets.Count / 2;
    }

    /// <summary>Number of pixels to write; 0 for images that are not cut.</summary>
    internal int Count { get; }

    /// <summary>
    /// Returns the halo of a group of images. Allocates only for the first group of a shape; the tables are never
    /// released.
    /// </summary>
    internal static PlaneHalo Of(in PlaneGroup group)
    {
        if (group.Grid.Count == 1)
        {
            return default;
        }

        // The halo does not depend on the number of channels.
        (PlaneShape, int) key = (group.Shape with { Channels = 0 }, group.Images.Interleave);
        return new PlaneHalo(Tables.TryGetValue(key, out Table? table) ? table : Tables.GetOrAdd(key, Build(group)));
    }

    /// <summary>Writes the halo of one plane.</summary>
    internal void Fill(float* plane)
    {
        switch (Simd.Active)
        {
            case SimdWidth.Vector512:
                Fill<Lanes512>(plane);
                break;
            case SimdWidth.Vector256:
                Fill<Lanes256>(plane);
                break;
            case SimdWidth.Vector128:
                Fill<Lanes128>(plane);
                break;
            default:
                Fill<Lane>(plane);
                break;
        }
    }

    private void Fill<T>(float* plane)
        where T : unmanaged, ILanes<T>
    {
        int* offset = _offsets, lanes = _lanes;
        for (int i = 0; i < Count; i++, offset += 2, lanes += T.Count)
        {
            T.Pick(T.Load(plane + offset[1]), lanes).Store(plane + offset[0]);
        }
    }

    private static Table Build(in PlaneGroup group)
    {
        PlaneShape piece = group.Piece;
        var offsets = new List<int>();
        var lanes = new List<int>();
        for (int row = -piece.Top; row < piece.Height + piece.Bottom; row++)
        {
            for (int column = -piece.Left; column < piece.Width + piece.Right; column++)
            {
                int down = (int)Math.Floor(row / (double)piece.Height),
                    right = (int)Math.Floor(column / (double)piece.Width);
                int fromRow = row - (down * piece.Height), fromColumn = column - (right * piece.Width);
                int[] from = group.LanesFrom(down, right, fromRow, fromColumn);
                if (down != 0 || right != 0 || from.Contains(-1))
                {
                    offsets.Add((piece.Origin + (row * piece.Pitch) + column) * group.Lanes);
                    offsets.Add((piece.Origin + (fromRow * piece.Pitch) + fromColumn) * group.Lanes);
                    lanes.AddRange(from);
                }
            }
        }

        return new Table(Pinned(offsets), Pinned(lanes));
    }

    private static PinnedFloats Pinned(List<int> numbers)
    {
        var pinned = new PinnedFloats(numbers.Count);
        numbers.CopyTo(new Span<int>(pinned.Pointer, numbers.Count));
        return pinned;
    }

    private sealed record Table(PinnedFloats Offsets, PinnedFloats Lanes);
}
