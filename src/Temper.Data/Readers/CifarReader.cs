using Temper.Formats;

namespace Temper.Data.Readers;

/// <summary>The binary files of CIFAR-10 and CIFAR-100: one or two label bytes, then 3072 bytes, red plane first; plain or ".gz".</summary>
public static class CifarReader
{
    private const int PictureBytes = 3 * 32 * 32;
    private const long MostBytes = 400L * 1024 * 1024;

    /// <summary>Names of CIFAR-10's classes.</summary>
    public static IReadOnlyList<string> Cifar10Classes { get; } =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// <summary>Reads one set from its files.</summary>
    /// <param name="paths">Files in order.</param>
    /// <param name="name">A short name for the set.</param>
    /// <param name="classNames">Names of the classes; more than ten means CIFAR-100 records (a coarse label, then the fine one).</param>
    /// <exception cref="ModelFormatException">A file's length is no multiple of a record, or a label is no class.</exception>
    public static ImageDataset Read(IReadOnlyList<string> paths, string name, IReadOnlyList<string> classNames)
    {
        int labelBytes = classNames.Count > 10 ? 2 : 1;
        int record = labelBytes + PictureBytes;
        List<byte[]> files = [.. paths.Select(p => CompressedFile.ReadAll(p, MostBytes))];
        int count = files.Sum(f => f.Length / record);
        byte[] pixels = new byte[checked(count * PictureBytes)];
        byte[] labels = new byte[count];
        int at = 0;
        for (int f = 0; f < files.Count; f++)
        {
            if (files[f].Length == 0 || files[f].Length % record != 0)
            {
                throw new ModelFormatException(paths[f], files[f].Length, $"CIFAR: the length is no multiple of a record (got {files[f].Length} bytes, expected one or more records of {record})");
            }

            for (int i = 0; i < files[f].Length; i += record, at++)
            {
                labels[at] = files[f][i + labelBytes - 1];
                if (labels[at] >= classNames.Count)
                {
                    throw new ModelFormatException(paths[f], i, $"CIFAR: a label is no class (got {labels[at]}, expected 0 to {classNames.Count - 1})");
                }

                files[f].AsSpan(i + labelBytes, PictureBytes).CopyTo(pixels.AsSpan(at * PictureBytes));
            }
        }

        return new ImageDataset(name, [3, 32, 32], pixels, labels, classNames);
    }

    /// <summary>Reads a folder: CIFAR-10's <c>data_batch_*.bin</c> and <c>test_batch.bin</c>, or CIFAR-100's <c>train.bin</c> and <c>test.bin</c>.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="ModelFormatException">A file is not what it must be.</exception>
    public static DataSets ReadFolder(string folder)
    {
        if (CompressedFile.Find(Path.Combine(folder, "train.bin")) is { } train)
        {
            string[] classes = [.. Enumerable.Range(0, 100).Select(c => $"class {c}")];
            return new DataSets(Read([train], "cifar100", classes), Read([Require("test.bin")], "cifar100", classes));
        }

        string[] batches = [.. Enumerable.Range(1, 5).Select(i => CompressedFile.Find(Path.Combine(folder, $"data_batch_{i}.bin"))).OfType<string>()];
        if (batches.Length == 0)
        {
            Require("data_batch_1.bin");
        }

        return new DataSets(Read(batches, "cifar10", Cifar10Classes), Read([Require("test_batch.bin")], "cifar10", Cifar10Classes));

        string Require(string file) => CompressedFile.Find(Path.Combine(folder, file))
            ?? throw new FileNotFoundException($"CIFAR: no file {file} or {file}.gz in {folder}");
    }

    /// <summary>Whether a folder has files of such a set.</summary>
    internal static bool IsFolder(string folder) =>
        CompressedFile.Find(Path.Combine(folder, "test_batch.bin")) is not null || CompressedFile.Find(Path.Combine(folder, "train.bin")) is not null;
}
