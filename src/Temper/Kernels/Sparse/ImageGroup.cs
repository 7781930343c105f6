using System.Numerics;

namespace Temper.Kernels;

/// <summary>
/// Images whose pixels stand side by side: as many as a vector has lanes where there are enough, else a power of two,
/// so that the last images of a batch cost little more than they must. A group may have room for images that do not
/// exist.
/// </summary>
/// <param name="First">The first image.</param>
/// <param name="Count">Images that exist.</param>
/// <param name="Interleave">Images that there is room for: floats of a pixel.</param>
internal readonly record struct ImageGroup(int First, int Count, int Interleave)
{
    /// <summary>Maximum number of images of a group: the lanes of a vector.</summary>
    internal static int MaxImages => GemmTile.Active.Lanes;

    /// <summary>Groups of a batch.</summary>
    internal static int CountOf(int batch)
    {
        int count = batch / MaxImages, rest = batch % MaxImages;
        for (; rest > 0; rest -= NextOf(rest).Count)
        {
            count++;
        }

        return count;
    }

    /// <summary>A group by its number.</summary>
    internal static ImageGroup At(int group, int batch)
    {
        int whole = batch / MaxImages;
        if (group < whole)
        {
            return new ImageGroup(group * MaxImages, MaxImages, MaxImages);
        }

        int first = whole * MaxImages;
        for (int i = whole; i < group; i++)
        {
            first += NextOf(batch - first).Count;
        }

        (int count, int interleave) = NextOf(batch - first);
        return new ImageGroup(first, count, interleave);
    }

    /// <summary>Some images become the next group: a power of two of them, or somewhat fewer with room left.</summary>
    private static (int Count, int Interleave) NextOf(int rest)
    {
        int above = (int)BitOperations.RoundUpToPowerOf2((uint)rest);
        return rest * 4 >= above * 3 ? (rest, above) : (above / 2, above / 2);
    }
}
