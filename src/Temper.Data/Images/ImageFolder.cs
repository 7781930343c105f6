using Temper.Formats;
using Temper.Tensors;

namespace Temper.Data.Images;

/// <summary>
/// Pictures in one folder per class, decoded when they are read, so that a data set may be larger than memory.
/// </summary>
/// <remarks>
/// The constructor reads the headers of all pictures. All sizes are therefore known from the start, and if any picture
/// is in color, all are read with three channels. Pictures of different sizes must be
/// <see cref="Dataset.Resized">resized</see> before they can be read.
/// </remarks>
public sealed class ImageFolder : Dataset
{
    private readonly PictureEntry[] _files;
    private readonly Shape[] _shapes;

    /// <summary>Finds the pictures <c>root/class/picture.png</c>; classes and files are in ordinal order.</summary>
    /// <param name="root">Folder with one folder per class.</param>
    /// <param name="name">Short name for logs and reports.</param>
    /// <exception cref="DirectoryNotFoundException">The folder contains no pictures.</exception>
    /// <exception cref="ModelFormatException">The header of a picture cannot be read.</exception>
    public ImageFolder(string root, string name)
        : this(name, PictureSearch.ClassesOf(root), PictureSearch.In(root, root, PictureSearch.ClassesOf(root)))
    {
        if (_files.Length == 0)
        {
            throw PictureSearch.NoPictures(root, Unused);
        }
    }

    /// <summary>Creates one of several sets (such as train and test) with common classes and channels.</summary>
    internal ImageFolder(string name, IReadOnlyList<string> classes, PictureSearch found, int channels = 1)
    {
        (Name, ClassNames, _files, Unused) = (name, classes, found.Files, found.Unused);
        channels = Math.Max(channels, found.Channels);
        _shapes = [.. _files.GroupBy(file =>
            (file.Height, file.Width)).OrderByDescending(group => group.Count()).ThenByDescending(group => group.Key)
            .Select(group => Shape.Create([channels, group.Key.Height, group.Key.Width]))];
        SampleShape = _shapes.Length > 0 ? _shapes[0] : [channels, 1, 1];
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override int Count => _files.Length;

    /// <inheritdoc/>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Shape> StoredShapes => _shapes;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public override bool HasLabels => ClassNames.Count > 0;

    /// <inheritdoc/>
    public override IReadOnlyList<UnusedSamples> Unused { get; }

    /// <inheritdoc/>
    public override void CopySample(int index, Span<float> sample)
    {
        Picture picture = Load(index);
        if (picture.Height != SampleShape[1] || picture.Width != SampleShape[2])
        {
            throw new ModelFormatException(
                _files[index].Path,
                0,
                $"picture: the size differs from the other pictures (got {picture.Width} x {picture.Height}, expected "
                + $"{SampleShape[2]} x {SampleShape[1]}); resize the pictures");
        }

        Fill(picture, sample);
    }

    /// <inheritdoc/>
    public override void CopyStored(int index, out int height, out int width, ref float[] sample)
    {
        Picture picture = Load(index);
        (height, width) = (picture.Height, picture.Width);
        int length = SampleShape[0] * height * width;
        if (sample.Length < length)
        {
            sample = new float[length];
        }

        Fill(picture, sample.AsSpan(0, length));
    }

    /// <inheritdoc/>
    public override long Label(int index) => _files[index].Label;

    private Picture Load(int index) => PictureFile.Load(_files[index].Path);

    private void Fill(Picture picture, Span<float> sample)
    {
        byte[] planes = picture.ToPlanes(SampleShape[0]);
        for (int i = 0; i < sample.Length; i++)
        {
            sample[i] = planes[i] * (1f / 255f);
        }
    }
}
