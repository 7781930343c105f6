using System.Globalization;
using Temper.Formats;
using Temper.Tensors;

namespace Temper.Data.Video;

/// <summary>Options that control how clips are cut from videos.</summary>
public sealed record VideoSetOptions
{
    /// <summary>Tolerance for sums of fractions.</summary>
    internal const double Rounding = 1e-9;

    /// <summary>Frames per clip, 2 or more. Default 11.</summary>
    public int Frames { get; init; } = 11;

    /// <summary>Height and width of the frames after cropping to a square, in pixels. Default 56.</summary>
    public int Size { get; init; } = 56;

    /// <summary>Distance between two frames of a clip, in frames of the video. Default 1.</summary>
    public int Step { get; init; } = 1;

    /// <summary>Distance between the starts of two clips, in frames of the video. Default 4.</summary>
    public int Stride { get; init; } = 4;

    /// <summary>Maximum number of frames read per video. Default 300.</summary>
    public int MaxFrames { get; init; } = 300;

    /// <summary>
    /// For videos without classes: fraction of each video's frames, from its start, used for training clips, 0 to 1.
    /// Default 0.6.
    /// </summary>
    public double TrainPart { get; init; } = 0.6;

    /// <summary>
    /// For videos without classes: fraction of the frames, after those for training, that are not used, 0 to 1. The
    /// remaining frames are used for test clips. Default 0.1.
    /// </summary>
    public double GapPart { get; init; } = 0.1;

    /// <summary>For videos without classes: videos with this text in their names are skipped; empty: none.</summary>
    public string Skip { get; init; } = "";

    internal void Check()
    {
        if (Frames < 2 || Size < 1 || Step < 1
            || Stride < 1 || MaxFrames < 2 || !(TrainPart >= 0 && GapPart >= 0 && TrainPart + GapPart <= 1 + Rounding))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"video: invalid options of a data set (got Frames {Frames}, Size {Size}, Step {Step}, Stride "
                + $"{Stride}, MaxFrames {MaxFrames}, TrainPart {TrainPart}, GapPart {GapPart}; expected 2 or more "
                + $"frames, positive sizes, train and gap from 0 to 1, together at most 1)"));
        }
    }
}

/// <summary>Clips of videos in memory, <c>[T, 3, H, W]</c>, stored with one byte per channel.</summary>
public sealed class VideoDataset : Dataset
{
    private readonly List<(byte[] Pixels, byte Label)> _clips;

    internal VideoDataset(
        string name, Shape shape, IReadOnlyList<string> classes, List<(byte[] Pixels, byte Label)> clips) =>
        (Name, SampleShape, ClassNames, _clips) = (name, shape, classes, clips);

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override int Count => _clips.Count;

    /// <inheritdoc/>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public override void CopySample(int index, Span<float> sample)
    {
        (int frames, int size) = (SampleShape[0], SampleShape[2]);
        new VideoClip(frames, size, size, _clips[index].Pixels).CopyTo(sample);
    }

    /// <inheritdoc/>
    public override long Label(int index) => _clips[index].Label;
}

/// <summary>Reads folders of videos as data sets of clips.</summary>
public static class VideoSets
{
    private const long MaxBytes = 4L << 30;

    /// <summary>
    /// Reads a folder with one of three layouts. First: folders <c>train</c> and <c>test</c>, each with one folder of
    /// videos per class. Second: folders of classes, with the UCF-101 split files <c>trainlist01.txt</c> and
    /// <c>testlist01.txt</c>. Third: videos without classes, each of which becomes a class; by default the first 60 %
    /// of its frames are for training and the last 30 % for testing, and the frames between are not used.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">How clips are cut; null: the default options.</param>
    /// <exception cref="ModelFormatException">
    /// A video cannot be read, the folder contains none, or a video that is a class is too short for a clip in each
    /// set.
    /// </exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static DataSets Read(string folder, VideoSetOptions? options = null)
    {
        options ??= new VideoSetOptions();
        options.Check();
        (List<Entry> train, List<Entry> test, string[] classes) = Find(folder, options);
        if (classes.Length is 0 or > 256 || train.Count + test.Count == 0)
        {
            throw new ModelFormatException(
                folder, $"video: the folder is not a data set (got {train.Count + test.Count} videos of "
                    + $"{classes.Length} classes; expected train and test with folders of classes, UCF-101's split "
                    + "files, or videos)");
        }

        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        Shape shape = [options.Frames, 3, options.Size, options.Size];
        List<UnusedSamples> unused = [];
        return new DataSets(
            new VideoDataset(name, shape, classes, Cut(train, options, unused)),
            new VideoDataset(name, shape, classes, Cut(test, options, unused))) { Unused = unused };
    }

    private static (List<Entry> Train, List<Entry> Test, string[] Classes) Find(string folder, VideoSetOptions options)
    {
        string train = Path.Combine(folder, "train");
        string? test = DataSets.TestNames.Select(part => Path.Combine(folder, part)).FirstOrDefault(Directory.Exists);
        if (Directory.Exists(train) || test is not null)
        {
            string[] names = [.. new[] { train, test }.OfType<string>().Where(Directory.Exists).SelectMany(
                Folders).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            return (OfClasses(train, names), OfClasses(test, names), names);
        }

        string[] lists = ["trainlist01.txt", "testlist01.txt"];
        if (Directory.EnumerateFiles(
            folder, "trainlist01.txt", SearchOption.AllDirectories).FirstOrDefault() is { } list)
        {
            string[] names =
            [
                .. lists.SelectMany(file => Lines(Path.Combine(Path.GetDirectoryName(list)!, file)))
                .Select(line => line.Split('/')[0]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
            ];
            List<Entry>[] parts = [.. lists.Select(
                file => Lines(Path.Combine(Path.GetDirectoryName(list)!, file))
                    .Select(line => Listed(folder, line, names)).ToList())];
            return (parts[0], parts[1], names);
        }

        string[] videos = [.. Videos(folder).Where(path => options.Skip.Length == 0
            || !Path.GetFileName(path).Contains(options.Skip, StringComparison.Ordinal))];
        double begin = options.TrainPart + options.GapPart;
        return (
            Parts(options.TrainPart > 0, 0, options.TrainPart), Parts(begin < 1 - VideoSetOptions.Rounding, begin, 1),
            [.. videos.Select(path => Path.GetFileNameWithoutExtension(path))]);

        List<Entry> Parts(bool isWanted, double start, double end) =>
            isWanted ? [.. videos.Select((path, i) => new Entry(path, (byte)i, start, end) { IsClass = true })] : [];
    }

    /// <summary>Parses a line of a split file: <c>Class/video.avi</c>, optionally followed by a number.</summary>
    private static Entry Listed(string folder, string line, string[] classes)
    {
        string name = line.Split(' ')[0];
        string path = Path.GetFullPath(Path.Combine(folder, name));
        return path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? new Entry(path, (byte)Array.IndexOf(classes, name.Split('/')[0]), 0, 1)
            : throw new ModelFormatException(
                folder, $"video: the split file names a video outside the folder (got '{name}')");
    }

    private static IEnumerable<string> Lines(string file) =>
        File.Exists(file) ? File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0) : [];

    private static IEnumerable<string> Folders(string root) =>
        Directory.GetDirectories(root).Select(path => Path.GetFileName(path)!).Where(name => name[0] != '.');

    private static List<Entry> OfClasses(string? root, string[] classes) =>
        root is null || !Directory.Exists(root) ? [] :
        [.. classes.SelectMany((name, label) => Directory.Exists(Path.Combine(root, name))
            ? Videos(Path.Combine(root, name)).Select(path => new Entry(path, (byte)label, 0, 1))
            : [])];

    private static IEnumerable<string> Videos(string folder) => Directory.EnumerateFiles(folder)
        .Where(path => VideoFile.IsVideo(path) && Path.GetFileName(path)[0] != '.').Order(StringComparer.Ordinal);

    private static List<(byte[] Pixels, byte Label)> Cut(
        List<Entry> entries, VideoSetOptions options, List<UnusedSamples> unused)
    {
        List<(byte[] Pixels, byte Label)> clips = [];
        long bytes = 0;
        foreach (Entry entry in entries)
        {
            VideoClip video =
                VideoFile.Load(entry.Path, new VideoReadOptions { Frames = options.MaxFrames }, options.Size);
            int span = ((options.Frames - 1) * options.Step) + 1, first = (int)Math.Ceiling(entry.Start * video.Frames),
                last = (int)(entry.End * video.Frames) - span;
            if (last < first && entry.IsClass)
            {
                throw TooShort(entry, video.Frames, (last + span - first, span));
            }

            if (last < first)
            {
                unused.Add(new UnusedSamples(
                    entry.Path, 1, $"too short for a clip (got {video.Frames} frames, expected {span})"));
            }

            for (int start = first; start <= last; start += options.Stride)
            {
                byte[] pixels = video.Window(start, options.Frames, options.Step).Pixels.ToArray();
                bytes += pixels.Length;
                clips.Add(bytes <= MaxBytes ? (pixels, entry.Label) : throw new ModelFormatException(
                    entry.Path, $"video: the clips of the data set take more than {MaxBytes} bytes; use smaller or "
                        + "fewer clips (size, stride)"));
            }
        }

        return clips;
    }

    private static ModelFormatException TooShort(Entry entry, int frames, (int Own, int Span) counts) => new(
        entry.Path, 0, $"video: too short to be a class (got {frames} frames, of which "
            + $"{Math.Max(counts.Own, 0)} are for {(entry.Start > 0 ? "testing" : "training")}, expected {counts.Span} "
            + "there); use fewer frames, or different values of train= and gap=");

    /// <summary>A video with its class, and the range of its frames that is used, as fractions.</summary>
    private sealed record Entry(string Path, byte Label, double Start, double End)
    {
        /// <summary>Whether the video is the only one of its class, so that neither of its sets may be empty.</summary>
        internal bool IsClass { get; init; }
    }
}
