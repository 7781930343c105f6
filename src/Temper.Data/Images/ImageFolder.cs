using Temper.Formats;
using Temper.Tensors;

namespace Temper.Data.Images;

/// <summary>Pictures in a folder a class, decoded when they are asked for, so that a set may be larger than memory.</summary>
public sealed class ImageFolder : Dataset
{
    private readonly (string Path, int Label)[] _files;

    /// <summary>Finds pictures: <c>root/class/picture.png</c>, classes and files in ordinal order.</summary>
    /// <param name="root">The folder with a folder a class.</param>
    /// <param name="name">A short name for the set.</param>
    /// <exception cref="DirectoryNotFoundException">There are no pictures.</exception>
    /// <exception cref="ModelFormatException">The first picture cannot be read: it decides size and channels.</exception>
    public ImageFolder(string root, string name)
    {
        Name = name;
        string[] folders = Directory.GetDirectories(root);
        Array.Sort(folders, StringComparer.Ordinal);
        ClassNames = [.. folders.Select(f => Path.GetFileName(f))];
        _files = [.. folders.SelectMany((folder, label) => Directory.EnumerateFiles(folder)
            .Where(f => PictureFile.Extensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)
            .Select(f => (f, label)))];
        if (_files.Length == 0)
        {
            throw new DirectoryNotFoundException($"data: no pictures in {root} (expected {root}/CLASS/PICTURE.png)");
        }

        Picture first = PictureFile.Load(_files[0].Path);
        SampleShape = [first.Channels == 1 ? 1 : 3, first.Height, first.Width];
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override int Count => _files.Length;

    /// <inheritdoc/>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames { get; }

    /// <summary>Reads <c>folder/train</c> and <c>folder/test</c>.</summary>
    internal static DataSets ReadParts(string folder, string name)
    {
        (string train, string test) = (Path.Combine(folder, "train"), Path.Combine(folder, "test"));
        return Directory.Exists(train) && Directory.Exists(test)
            ? new DataSets(new ImageFolder(train, name), new ImageFolder(test, name))
            : throw new DirectoryNotFoundException(
                $"data: {folder} holds no set (expected IDX files, CIFAR binary files, or folders train and test with a folder of pictures a class)");
    }

    /// <inheritdoc/>
    public override void CopySample(int index, Span<float> sample)
    {
        string path = _files[index].Path;
        Picture picture = PictureFile.Load(path);
        if (picture.Height != SampleShape[1] || picture.Width != SampleShape[2])
        {
            throw new ModelFormatException(
                path, 0, $"picture: its size differs from the first one's (got {picture.Width} x {picture.Height}, expected {SampleShape[2]} x {SampleShape[1]}); resize the pictures");
        }

        byte[] planes = picture.ToPlanes(SampleShape[0]);
        for (int i = 0; i < sample.Length; i++)
        {
            sample[i] = planes[i] * (1f / 255f);
        }
    }

    /// <inheritdoc/>
    public override long Label(int index) => _files[index].Label;
}
