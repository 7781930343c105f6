using System.Numerics;

namespace Temper.Kernels;

/// <summary>
/// A group of images whose pixels are interleaved. A group has as many images as a vector has lanes; the remaining
/// images of a batch form smaller groups with a power of two of slots, so that they cost little more than necessary.
/// Some slots of a group may be unused.
/// </summary>
/// <param name="First">Index of the first image.</param>
/// <param name="Count">Number of images.</param>
/// <param name="Interleave">Number of image slots, which is the number of floats per pixel.</param>
internal readonly record struct ImageGroup(int First, int Count, int Interleave)
{
    /// <summary>Maximum number of images per group: the lanes of a vector.</summary>
    internal static int MaxImages => GemmTile.Active.Lanes;

    /// <summary>Returns the number of groups of a batch.</summary>
    internal static int CountOf(int batch)
    {
        int count = batch / MaxImages, rest = batch % MaxImages;
        for (; rest > 0; rest -= NextOf(rest).Count)
        {
            count++;
        }

        return count;
    }

    /// <summary>Returns a group by its index.</summary>
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

    /// <summary>
    /// Returns the size of the next group: a power of two of the remaining images, or all of them with some unused
    /// slots.
    /// </summary>
    private static (int Count, int Interleave) NextOf(int rest)
    {
        int above = (int)BitOperations.RoundUpToPowerOf2((uint)rest);
        return rest * 4 >= above * 3 ? (rest, above) : (above / 2, above / 2);
    }
}
