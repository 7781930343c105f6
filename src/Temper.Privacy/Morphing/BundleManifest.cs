using System.Text.Json;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>Contents of a bundle, stored in its <c>manifest.json</c>.</summary>
internal sealed record BundleManifest
{
    internal const string FormatName = "temper-morph";

    /// <summary>Notice that every manifest contains.</summary>
    internal const string Text =
        "Obfuscation, not encryption: whoever has these files can compute the pictures from the Aug-Conv layer and the "
        + "morphed rows. Labels are in the clear.";

    public string Format { get; init; } = FormatName;

    public int Version { get; init; } = 1;

    public string Notice { get; init; } = Text;

    /// <summary>Public identifier of the key.</summary>
    public required string Key { get; init; }

    /// <summary>Channels, height, width.</summary>
    public required int[] Image { get; init; }

    public required int Cores { get; init; }

    public required bool IsRepeated { get; init; }

    public bool IsStructured { get; init; }

    public string[] Classes { get; init; } = [];

    /// <summary>Parts of the data set by name: train and test.</summary>
    public Dictionary<string, BundlePart> Parts { get; init; } = new(StringComparer.Ordinal);

    public BundleLayer? Layer { get; init; }

    internal MorphMap Map => new MorphMap(Image[0], Image[1], Image[2])
    {
        Cores = Cores, IsRepeated = IsRepeated, IsStructured = IsStructured,
    }.Checked();

    internal static BundleManifest Parse(ReadOnlySpan<byte> text, string name)
    {
        try
        {
            BundleManifest manifest = JsonSerializer.Deserialize(text, ManifestJson.Default.BundleManifest)
                ?? throw new JsonException("the file contains null");
            manifest.Require(name);
            return manifest;
        }
        catch (Exception error) when (error is JsonException or ArgumentException or OverflowException)
        {
            throw new ModelFormatException(name, $"bundle: the manifest is not valid ({error.Message})", error);
        }
    }

    private void Require(string name)
    {
        string? problem = Format is not FormatName || Version != 1
            ? $"got format '{Format}' version {Version}, expected {FormatName} version 1"
            : Image.Length != 3 ? $"got an image of {Image.Length} numbers, expected channels, height and width"
            : Parts.Count > 2 || Parts.Keys.Any(part => part is not ("train" or "test"))
                ? $"got the parts {string.Join(", ", Parts.Keys)}, expected train and test"
            : Parts.ContainsValue(null!) || Classes.Any(name => name is null)
                ? "got null for a part or for the name of a class"
            : Parts.Values.FirstOrDefault(part => !part.Fits(Map.Inputs)) is { } bad
                ? $"the part in '{bad.File}' has inconsistent sizes"
            : Layer is { } layer && !layer.Fits() ? $"the layer in '{layer.File}' has inconsistent sizes"
            : null;
        if (problem is not null)
        {
            throw new ModelFormatException(name, $"bundle: the manifest is not valid ({problem})");
        }
    }

    /// <summary>Returns whether a text is a valid name of a file in the bundle's folder.</summary>
    internal static bool IsName(string file) => file.Length is > 0 and < 100
        && file.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_')
        && file[0] is not '.';
}

/// <summary>Morphed rows and labels of one part of a data set.</summary>
internal sealed record BundlePart
{
    public required string File { get; init; }

    /// <summary>File format of the rows: npy, npz, safetensors or tfrecord.</summary>
    public required string Container { get; init; }

    public required int Rows { get; init; }

    /// <summary>Rows per chunk; the last chunk may have fewer.</summary>
    public required int ChunkRows { get; init; }

    /// <summary>SHA-256 of each chunk's rows as stored in the file.</summary>
    public required string[] Chunks { get; init; }

    public required string Labels { get; init; }

    public required string LabelsDigest { get; init; }

    internal bool Fits(int inputs) =>
        Rows >= 0 && ChunkRows > 0 && Chunks.Length == ((long)Rows + ChunkRows - 1) / ChunkRows
        && inputs is > 0 and <= RowContainer.MaxWidth
        && BundleManifest.IsName(File) && BundleManifest.IsName(Labels) && RowContainer.Find(Container) is not null;
}

/// <summary>The Aug-Conv layer of a bundle.</summary>
internal sealed record BundleLayer
{
    public required string File { get; init; }

    public required string Digest { get; init; }

    public required int Channels { get; init; }

    /// <summary>Height and width of the kernel.</summary>
    public required int[] Kernel { get; init; }

    public required int Stride { get; init; }

    public required int Padding { get; init; }

    internal bool Fits() => BundleManifest.IsName(File)
        && Channels > 0
        && Kernel.Length == 2
        && Kernel[0] > 0
        && Kernel[1] > 0
        && Stride > 0
        && Padding >= 0;
}
