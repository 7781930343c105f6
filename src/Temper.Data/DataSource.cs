using Temper.Data.Catalog;
using Temper.Data.Images;
using Temper.Data.Readers;
using Temper.Data.Synthetic;
using Temper.Data.Tables;
using Temper.Data.Video;
using Temper.Randomness;

namespace Temper.Data;

/// <summary>Opens data sets from a text: a known name, a synthetic data set, or a path.</summary>
public static class DataSource
{
    /// <summary>Opens a data set.</summary>
    /// <param name="specification">
    /// One of the following.
    /// A known name: <c>fashion-mnist</c> or <c>mnist</c>.
    /// The name of a folder below <c>data</c> in the cache, such as <c>cifar10</c>.
    /// A synthetic set: <c>synth:shapes?classes=10&amp;size=28&amp;channels=1&amp;count=6000&amp;seed=1</c>,
    /// <c>synth:blobs?classes=10&amp;features=8&amp;count=6000&amp;seed=1</c> or
    /// <c>synth:actions?classes=10&amp;frames=11&amp;size=32&amp;count=1200&amp;seed=1</c>; every option has a default,
    /// which is the value shown.
    /// Videos: <c>videos:FOLDER?frames=11&amp;size=56&amp;step=1&amp;stride=4&amp;limit=300</c>; if each video is a
    /// class also <c>train=60&amp;gap=10&amp;skip=TEXT</c>, see <see cref="VideoSets"/>.
    /// A folder of IDX or CIFAR files.
    /// A folder with <c>train</c> and <c>test</c> (or <c>val</c>), each with one folder of pictures per class.
    /// A folder with one folder of pictures per class: <c>FOLDER?test=0.2&amp;seed=1</c> holds out a share of them.
    /// An <c>.npz</c> file with x_train, y_train, x_test and y_test.
    /// A table: <c>table.csv?label=NAME&amp;test=0.2&amp;seed=1&amp;scale=none&amp;skip=A,B&amp;delimiter=comma</c>;
    /// <c>test</c> may also name a second table. Every option has a default; the labels are the last column. With
    /// <c>scale=standard</c>, <see cref="DataSets.Scaling"/> normalizes the columns.
    /// A set that is missing (train or test) is empty.
    /// </param>
    /// <param name="catalog">Finds known names; null: the user's cache and the default sources.</param>
    /// <param name="progress">Receives one line of text for each step of obtaining a known data set.</param>
    /// <param name="needsLabels">
    /// False: an <c>.npz</c> file may lack y_train and y_test; see <see cref="Dataset.HasLabels"/>.
    /// </param>
    /// <exception cref="DataUnavailableException">
    /// The path does not exist, or a known data set cannot be obtained.
    /// </exception>
    /// <exception cref="ArgumentException">The text cannot be parsed.</exception>
    /// <exception cref="Formats.ModelFormatException">A file is malformed.</exception>
    public static DataSets Open(
        string specification, DataCatalog? catalog = null, IProgress<string>? progress = null, bool needsLabels = true)
    {
        ArgumentNullException.ThrowIfNull(specification);
        if (specification.StartsWith("synth:", StringComparison.Ordinal))
        {
            return OpenSynthetic(specification["synth:".Length..]);
        }

        if (specification.StartsWith("videos:", StringComparison.Ordinal))
        {
            return OpenVideos(specification["videos:".Length..]);
        }

        if (DataCatalog.Find(specification) is { } entry)
        {
            return (catalog ?? new DataCatalog()).Open(entry, progress);
        }

        if (File.Exists(specification) && specification.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
        {
            return NpzReader.Read(specification, needsLabels);
        }

        (string path, string pairs) = WithOptions(specification);
        if (TableSets.IsTable(path))
        {
            return TableSets.Read(path, pairs);
        }

        // The name of a folder may contain a question mark.
        return Directory.Exists(specification) ? OpenFolder(specification, "")
            : Directory.Exists(path) ? OpenFolder(path, pairs)
            : OpenFolder((catalog ?? new DataCatalog()).LocateByName(path) ?? throw new DataUnavailableException(
                $"data: '{path}' is not a known data set ({string.Join(", ", DataCatalog.Names)}), a folder "
                + "in the cache, "
                + "a folder, an .npz file or a .csv file; try --data synth:shapes"), pairs);
    }

    private static DataSets OpenFolder(string folder, string pairs)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        bool isIdx = IdxReader.IsFolder(folder);
        if (!isIdx && !CifarReader.IsFolder(folder))
        {
            return ImageFolderSets.Read(folder, name, pairs);
        }

        return pairs.Length > 0
            ? throw new ArgumentException($"data: {folder} contains IDX or CIFAR files, which have no options (got "
                + $"'{pairs}'); leave them out")
            : isIdx ? IdxReader.ReadFolder(folder, name) : CifarReader.ReadFolder(folder);
    }

    private static DataSets OpenSynthetic(string text)
    {
        string[] parts = text.Split('?', 2);
        var options = new SourceOptions($"synth:{parts[0]}", parts.Length > 1 ? parts[1] : "");
        int count = options.Take("count", parts[0] is "actions" ? 1200 : 6000, min: 1, max: 10_000_000);
        var stream = RandomStream.FromSeed((ulong)options.Take("seed", 1, min: 0, max: int.MaxValue));
        int classes = options.Take("classes", 10, min: 2, max: parts[0] is "shapes" or "actions" ? 10 : 1000);
        int testCount = Math.Max(count / 6, classes), larger = Math.Max(count, testCount);
        DataSets sets;
        switch (parts[0])
        {
            case "shapes":
                int size = options.Take("size", 28, min: 8, max: 1024);
                int channels = options.Take("channels", 1, min: 1, max: 3);
                options.RequireAllTaken();
                options.RequireMemory((long)larger * channels * size * size);
                sets = new(
                    SyntheticShapes.Draw(count, classes, size, channels, stream.Split("train")),
                    SyntheticShapes.Draw(testCount, classes, size, channels, stream.Split("test")));
                break;
            case "blobs":
                int features = options.Take("features", 8, min: 1, max: 100_000);
                options.RequireAllTaken();
                options.RequireMemory((long)larger * features);
                sets = new(
                    new SyntheticBlobs(count, classes, features, stream.Split("centers"), stream.Split("train")),
                    new SyntheticBlobs(testCount, classes, features, stream.Split("centers"), stream.Split("test")));
                break;
            case "actions":
                int frames = options.Take("frames", 11, min: 2, max: 1000),
                    side = options.Take("size", 32, min: 8, max: 512);
                options.RequireAllTaken();
                options.RequireMemory((long)larger * frames * 3 * side * side);
                sets = new(
                    new SyntheticActions(count, classes, frames, side, stream.Split("train")),
                    new SyntheticActions(testCount, classes, frames, side, stream.Split("test")));
                break;
            default:
                throw new ArgumentException(
                    $"data: unknown synthetic data set '{parts[0]}' (expected shapes, blobs or actions)", nameof(text));
        }

        return sets;
    }

    /// <summary>A path and the options after it.</summary>
    internal static (string Path, string Pairs) WithOptions(string text)
    {
        int sign = text.LastIndexOf('?');
        return sign < 0 ? (text, "") : (text[..sign], text[(sign + 1)..]);
    }

    private static DataSets OpenVideos(string text)
    {
        (string folder, string pairs) = WithOptions(text);
        if (!Directory.Exists(folder))
        {
            throw new DataUnavailableException($"data: the folder of videos does not exist: '{folder}'");
        }

        var options = new SourceOptions("videos", pairs);
        var defaults = new VideoSetOptions();
        var asked = new VideoSetOptions
        {
            Frames = options.Take("frames", defaults.Frames, min: 2, max: 1000),
            Size = options.Take("size", defaults.Size, min: 8, max: 1024),
            Step = options.Take("step", defaults.Step, min: 1, max: 1000),
            Stride = options.Take("stride", defaults.Stride, min: 1, max: 100_000),
            MaxFrames = options.Take("limit", defaults.MaxFrames, min: 2, max: 100_000),
            TrainPart = options.Take("train", (int)(100 * defaults.TrainPart), min: 0, max: 100) / 100.0,
            GapPart = options.Take("gap", (int)(100 * defaults.GapPart), min: 0, max: 100) / 100.0,
            Skip = options.TakeText("skip"),
        };
        options.RequireAllTaken();
        return VideoSets.Read(folder, asked);
    }
}
