using Temper.Formats;

namespace Temper.Data.Readers;

/// <summary>
/// Reads the binary files of CIFAR-10 and CIFAR-100, plain or gzip-compressed (.gz). A record is one or two label bytes
/// and 3072 pixel bytes: the red, green and blue planes.
/// </summary>
public static class CifarReader
{
    private const string Test = "test_batch.bin";
    private const int PictureBytes = 3 * 32 * 32;
    private const long MaxBytes = 400L * 1024 * 1024;

    private static readonly string[] Batches = [.. Enumerable.Range(1, 5).Select(i => $"data_batch_{i}.bin")];

    /// <summary>Names of the CIFAR-10 classes.</summary>
    public static IReadOnlyList<string> Cifar10Classes { get; } =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// <summary>Reads one data set from its files.</summary>
    /// <param name="paths">Files, in order.</param>
    /// <param name="name">Short name for logs and reports.</param>
    /// <param name="classNames">
    /// Names of the classes. More than ten names select CIFAR-100 records (a coarse label, then the fine label, which
    /// is used).
    /// </param>
    /// <exception cref="ModelFormatException">
    /// The length of a file is not a multiple of the record length, or a label is out of range.
    /// </exception>
    public static ImageDataset Read(IReadOnlyList<string> paths, string name, IReadOnlyList<string> classNames)
    {
        int labelBytes = classNames.Count > 10 ? 2 : 1;
        int record = labelBytes + PictureBytes;
        List<byte[]> files = [.. paths.Select(p => CompressedFile.ReadAll(p, MaxBytes))];
        int count = files.Sum(f => f.Length / record);
        byte[] pixels = new byte[checked(count * PictureBytes)];
        byte[] labels = new byte[count];
        int at = 0;
        for (int f = 0; f < files.Count; f++)
        {
            if (files[f].Length == 0 || files[f].Length % record != 0)
            {
                throw new ModelFormatException(
                    paths[f], files[f].Length, "CIFAR: the length is not a multiple of a record (got "
                        + $"{files[f].Length} bytes, expected one or more records of {record})");
            }

            for (int i = 0; i < files[f].Length; i += record, at++)
            {
                labels[at] = files[f][i + labelBytes - 1];
                if (labels[at] >= classNames.Count)
                {
                    throw new ModelFormatException(paths[f], i, $"CIFAR: a label is out of range (got {labels[at]}, "
                        + $"expected 0 to {classNames.Count - 1})");
                }

                files[f].AsSpan(i + labelBytes, PictureBytes).CopyTo(pixels.AsSpan(at * PictureBytes));
            }
        }

        return new ImageDataset(name, [3, 32, 32], pixels, labels, classNames);
    }

    /// <summary>
    /// Reads a folder: CIFAR-10's <c>data_batch_*.bin</c> and <c>test_batch.bin</c>, or CIFAR-100's <c>train.bin</c>
    /// and <c>test.bin</c>.
    /// </summary>
    /// <param name="folder">
    /// The folder. If the training or test file is missing, that set is empty; missing training batches are reported.
    /// </param>
    /// <exception cref="FileNotFoundException">The folder contains none of the files.</exception>
    /// <exception cref="ModelFormatException">A file is malformed.</exception>
    public static DataSets ReadFolder(string folder)
    {
        if (Find("train.bin") is not null || Find("test.bin") is not null)
        {
            string[] classes = [.. Enumerable.Range(0, 100).Select(c => $"class {c}")];
            return Sets(["train.bin"], "test.bin", "cifar100", classes) with
            {
                Unused = [.. Batches.Append(Test).Where(file => Find(file) is not null).Select(
                    file => new UnusedSamples(file, 10_000, "a CIFAR-10 file in a folder with CIFAR-100, which is "
                        + "read"))],
            };
        }

        string[] batches = [.. Batches.Where(file => Find(file) is not null)];
        return Sets(batches, Test, "cifar10", Cifar10Classes) with
        {
            Unused = batches.Length == 0 ? [] : [.. Batches.Except(batches, StringComparer.Ordinal).Select(file =>
                new UnusedSamples(file, 10_000, "the file is not in the folder: training samples are missing"))],
        };

        string? Find(string file) => CompressedFile.Find(Path.Combine(folder, file));

        DataSets Sets(string[] train, string test, string name, IReadOnlyList<string> classes)
        {
            Dataset? training = Set([.. train.Select(Find).OfType<string>()]),
                testing = Set([.. new[] { Find(test) }.OfType<string>()]);
            Dataset some = training
                ?? testing
                ?? throw new FileNotFoundException($"CIFAR: no file {test} or {test}.gz in {folder}");
            return new DataSets(training ?? some.Take(0), testing ?? some.Take(0));

            ImageDataset? Set(string[] files) => files.Length == 0 ? null : Read(files, name, classes);
        }
    }

    /// <summary>Whether a folder contains CIFAR files.</summary>
    internal static bool IsFolder(string folder) =>
        ((string[])[.. Batches, Test, "train.bin", "test.bin"])
            .Any(file => CompressedFile.Find(Path.Combine(folder, file)) is not null);
}
