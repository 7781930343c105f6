using System.Buffers.Binary;
using Temper.Formats;

namespace Temper.Data.Readers;

/// <summary>
/// Reads IDX files, the format of MNIST: a big-endian header, then bytes; plain or gzip-compressed (.gz).
/// </summary>
public static class IdxReader
{
    private const int ImageMagic = 0x0803;
    private const int LabelMagic = 0x0801;
    private const long MaxBytes = 2_000_000_000;

    /// <summary>File name prefixes of the training set and the test set.</summary>
    private static readonly string[] Parts = ["train", "t10k"];

    private static readonly string[] Digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    /// <summary>Reads pictures and labels.</summary>
    /// <param name="imagePath">Three-dimensional file of unsigned bytes, <c>[N, H, W]</c>.</param>
    /// <param name="labelPath">One-dimensional file of unsigned bytes, <c>[N]</c>.</param>
    /// <param name="name">Short name for logs and reports.</param>
    /// <param name="classNames">
    /// Names of the classes; null: the digits 0 to 9, or the numbers up to the largest label if it is above 9.
    /// </param>
    /// <exception cref="ModelFormatException">
    /// A file is truncated, too long or of another format, or the numbers of pictures and labels differ.
    /// </exception>
    public static ImageDataset Read(
        string imagePath, string labelPath, string name, IReadOnlyList<string>? classNames = null)
    {
        (int[] sizes, byte[] pixels) = ReadFile(imagePath, ImageMagic, 3);
        (int[] counts, byte[] labels) = ReadFile(labelPath, LabelMagic, 1);
        if (counts[0] != sizes[0])
        {
            throw new ModelFormatException(
                labelPath, 4, $"IDX: the numbers of labels and pictures differ (got {counts[0]}, expected {sizes[0]})");
        }

        int classes = labels.Length == 0 ? 0 : labels.Max() + 1;
        classNames ??= classes <= Digits.Length ? Digits : [.. Enumerable.Range(0, classes).Select(c => $"{c}")];
        return classes <= classNames.Count
            ? new ImageDataset(name, [1, sizes[1], sizes[2]], pixels, labels, classNames)
            : throw new ModelFormatException(
                labelPath, 8, $"IDX: a label is out of range (got {classes - 1}, expected 0 to "
                    + $"{classNames.Count - 1})");
    }

    /// <summary>Reads a folder with the four usual files, such as <c>train-images-idx3-ubyte.gz</c>.</summary>
    /// <param name="folder">The folder; one of the two sets may be missing and is then empty.</param>
    /// <param name="name">Short name for logs and reports.</param>
    /// <param name="classNames">
    /// Names of the classes; null: the digits 0 to 9, or the numbers up to the largest label of both sets if it is
    /// above 9.
    /// </param>
    /// <exception cref="FileNotFoundException">Both sets are missing, or a set has no labels.</exception>
    /// <exception cref="ModelFormatException">A file is malformed.</exception>
    public static DataSets ReadFolder(string folder, string name, IReadOnlyList<string>? classNames = null)
    {
        string[] parts = [.. Parts.Where(
            part => CompressedFile.Find(Path.Combine(folder, Pictures(part))) is not null)];
        if (parts.Length == 0)
        {
            throw new FileNotFoundException($"IDX: no file {Pictures("train")} or {Pictures("train")}.gz in {folder}");
        }

        ImageDataset[] sets = [.. parts.Select(
            part => Read(Find(Pictures(part)), Find($"{part}-labels-idx1-ubyte"), name, classNames))];
        IReadOnlyList<string> names = sets.MaxBy(set => set.ClassNames.Count)!.ClassNames;
        sets = [.. sets.Select(set => set.WithClassNames(names))];
        return new DataSets(Set(Parts[0]), Set(Parts[1]));

        Dataset Set(string part) => Array.IndexOf(parts, part) is >= 0 and var i ? sets[i] : sets[0].Take(0);

        string Find(string file) => CompressedFile.Find(Path.Combine(folder, file))
            ?? throw new FileNotFoundException($"IDX: no file {file} or {file}.gz in {folder}");
    }

    /// <summary>Whether a folder contains IDX files of pictures.</summary>
    internal static bool IsFolder(string folder) =>
        Parts.Any(part => CompressedFile.Find(Path.Combine(folder, Pictures(part))) is not null);

    private static string Pictures(string part) => $"{part}-images-idx3-ubyte";

    private static (int[] Sizes, byte[] Values) ReadFile(string path, int magic, int axes)
    {
        byte[] bytes = CompressedFile.ReadAll(path, MaxBytes);
        int header = 4 + (4 * axes);
        if (bytes.Length < header)
        {
            throw new ModelFormatException(
                path, $"IDX: the file is truncated (got {bytes.Length} bytes, expected a header of {header})");
        }

        int found = BinaryPrimitives.ReadInt32BigEndian(bytes);
        if (found != magic)
        {
            throw new ModelFormatException(
                path, 0, $"IDX: wrong magic number (got 0x{found:X8}, expected 0x{magic:X8})");
        }

        int[] sizes = new int[axes];
        long count = 1;
        for (int i = 0; i < axes; i++)
        {
            sizes[i] = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4 + (4 * i)));
            count = sizes[i] < 0 || count > MaxBytes ? long.MaxValue : count * sizes[i];
        }

        // If the first size is 0, the product says nothing about the others; check them separately.
        long one = sizes[1..].Aggregate(
            1L, (product, size) => size < 0 || product > MaxBytes ? long.MaxValue : product * size);
        return count == bytes.Length - header && one <= MaxBytes
            ? (sizes, bytes[header..])
            : throw new ModelFormatException(
                path, header, $"IDX: the length does not match the header (got {bytes.Length - header} bytes, expected "
                    + $"[{string.Join(", ", sizes)}])");
    }
}
