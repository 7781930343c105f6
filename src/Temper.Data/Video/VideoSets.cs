using Temper.Formats;
using Temper.Tensors;

namespace Temper.Data.Video;

/// <summary>How clips are cut out of videos.</summary>
public sealed record VideoSetOptions
{
    /// <summary>How far sums of parts may be off.</summary>
    internal const double Rounding = 1e-9;

    /// <summary>Frames of a clip, two or more.</summary>
    public int Frames { get; init; } = 11;

    /// <summary>Side of the square frames, in pixels.</summary>
    public int Size { get; init; } = 56;

    /// <summary>Distance of two frames in the video.</summary>
    public int Step { get; init; } = 1;

    /// <summary>Frames from the start of one clip to that of the next.</summary>
    public int Stride { get; init; } = 4;

    /// <summary>Max frames of a video that are read.</summary>
    public int MaxFrames { get; init; } = 300;

    /// <summary>
    /// Videos without classes: part of a video's frames, from its start, that training clips are cut from, 0 to 1.
    /// </summary>
    public double TrainPart { get; init; } = 0.6;

    /// <summary>
    /// Videos without classes: part of the frames behind those for training that no clip sees, 0 to 1; the rest is for
    /// testing.
    /// </summary>
    public double GapPart { get; init; } = 0.1;

    /// <summary>Videos without classes: those with this text in their names are left out; empty: none.</summary>
    public string Skip { get; init; } = "";

    internal void Check()
    {
        if (Frames < 2 || Size < 1 || Step < 1
            || Stride < 1 || MaxFrames < 2 || !(TrainPart >= 0 && GapPart >= 0 && TrainPart + GapPart <= 1 + Rounding))
        {
            throw new ArgumentException(
                $"video: options of a set do not fit (got {this}); two frames or more, all sizes positive, parts of 0 "
                + "to 1 for training and the gap, together at most 1");
        }
    }
}

/// <summary>Clips of videos in memory, <c>[T, 3, H, W]</c>, a byte a channel.</summary>
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

/// <summary>Reads folders of videos as sets of clips.</summary>
public static class VideoSets
{
    private const long MaxBytes = 4L << 30;

    private static readonly string[] TestNames = ["test", "val", "valid", "validation"];

    /// <summary>
    /// Reads a folder: <c>train</c> and <c>test</c> with a folder of videos a class; or folders of classes with
    /// UCF-101's split files <c>trainlist01.txt</c> and <c>testlist01.txt</c>; or videos without classes, each of which
    /// becomes a class: of its frames the first 60 % are for training and the last 30 % for testing unless the options
    /// say otherwise; what is between belongs to neither.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">How clips are cut; null: as usual.</param>
    /// <exception cref="ModelFormatException">
    /// A video cannot be read, there are none, or one that is a class is too short for a clip of each part.
    /// </exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static DataSets Read(string folder, VideoSetOptions? options = null)
    {
        options ??= new VideoSetOptions();
        options.Check();
        (List<Entry> train, List<Entry> test, string[] classes) = Find(folder, options);
        if (classes.Length is 0 or > 256 || train.Count + test.Count == 0)
        {
            throw new ModelFormatException(
                folder, 0, $"video: no set of videos (got {train.Count + test.Count} videos of {classes.Length} "
                    + "classes; expected train and test with folders of classes, UCF-101's split files, or videos)");
        }

        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        Shape shape = [options.Frames, 3, options.Size, options.Size];
        return new DataSets(new VideoDataset(name, shape, classes, Cut(train, options)), new VideoDataset(
            name, shape, classes, Cut(test, options)));
    }

    private static (List<Entry> Train, List<Entry> Test, string[] Classes) Find(string folder, VideoSetOptions options)
    {
        string train = Path.Combine(folder, "train");
        string? test = TestNames.Select(part => Path.Combine(folder, part)).FirstOrDefault(Directory.Exists);
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

    /// <summary>A line of a split file: <c>Class/video.avi</c>, in some with a number behind.</summary>
    private static Entry Listed(string folder, string line, string[] classes)
    {
        string name = line.Split(' ')[0];
        string path = Path.GetFullPath(Path.Combine(folder, name));
        return path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? new Entry(path, (byte)Array.IndexOf(classes, name.Split('/')[0]), 0, 1)
            : throw new ModelFormatException(
                folder, 0, $"video: the split file names a video outside of the folder (got '{name}')");
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

    private static List<(byte[] Pixels, byte Label)> Cut(List<Entry> entries, VideoSetOptions options)
    {
        List<(byte[] Pixels, byte Label)> clips = [];
        long bytes = 0;
        foreach (Entry entry in entries)
        {
            VideoClip video =
                VideoFile.Load(entry.Path, new VideoReadOptions { Frames = options.MaxFrames }).Square(options.Size);
            int span = ((options.Frames - 1) * options.Step) + 1, first = (int)Math.Ceiling(entry.Start * video.Frames),
                last = (int)(entry.End * video.Frames) - span;
            if (entry.IsClass && last < first)
            {
                throw new ModelFormatException(
                    entry.Path, 0, $"video: too short to be a class (got {video.Frames} frames, of which "
                        + $"{Math.Max(last + span - first, 0)} are for "
                    + $"{(entry.Start > 0 ? "testing" : "training")}, expected {span} there); ask for fewer frames, or "
                        + "another train= and gap=");
            }

            for (int start = first; start <= last; start += options.Stride)
            {
                byte[] pixels = video.Window(start, options.Frames, options.Step).Pixels.ToArray();
                bytes += pixels.Length;
                clips.Add(bytes <= MaxBytes ? (pixels, entry.Label) : throw new ModelFormatException(
                    entry.Path, 0, $"video: the clips of the set take more than {MaxBytes} bytes; ask for smaller or "
                        + "fewer ones (size, stride)"));
            }
        }

        return clips;
    }

    /// <summary>A video with its class, and the part of it that is used.</summary>
    private sealed record Entry(string Path, byte Label, double Start, double End)
    {
        /// <summary>Whether no other video has this class, so that none of its parts may be empty.</summary>
        internal bool IsClass { get; init; }
    }
}
