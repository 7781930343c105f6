using Temper.Data;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>
/// What goes to the trainer: a folder with morphed rows, labels in the clear, the Aug-Conv layer, and a signed
/// manifest. It is hostile until it is read: sizes are bounded by the files, every file has the digest that the
/// manifest says, the manifest has a valid signature, and numbers are finite.
/// </summary>
/// <remarks>
/// This is an obfuscation: the layer and the rows together give the pictures back. <c>temper audit</c> shows it.
/// </remarks>
public sealed class MorphBundle
{
    internal const string ManifestName = "manifest.json";
    internal const string SignatureName = "manifest.sig";
    internal const string LayerName = "augconv.safetensors";
    private const int MaxManifestBytes = 64 * 1024 * 1024;

    private readonly BundleManifest _manifest;
    private readonly string _folder;

    private MorphBundle(string folder, BundleManifest manifest, string signer) =>
        (_folder, _manifest, Signer) = (folder, manifest, signer);

    /// <summary>Sizes of the map that hides the rows.</summary>
    public MorphMap Map => _manifest.Map;

    /// <summary>The public name of the key.</summary>
    public string KeyId => _manifest.Key;

    /// <summary>SHA-256 of the public key that signed the manifest: compare it with what the owner says.</summary>
    public string Signer { get; }

    /// <summary>Names of the parts: train, test.</summary>
    public IReadOnlyCollection<string> Parts => _manifest.Parts.Keys;

    /// <summary>Whether it holds an Aug-Conv layer.</summary>
    public bool HasLayer => _manifest.Layer is not null;

    internal BundleManifest Manifest => _manifest;

    internal BundleLayer? Layer => _manifest.Layer;

    internal string Folder => _folder;

    /// <summary>Whether a folder has a manifest.</summary>
    /// <param name="folder">The folder.</param>
    public static bool IsBundle(string folder) => File.Exists(Path.Combine(folder, ManifestName));

    /// <summary>
    /// Opens a bundle: reads its manifest and verifies the signature. Files are verified when they are read.
    /// </summary>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="ModelFormatException">The manifest is damaged, changed, or not what it must be.</exception>
    /// <exception cref="IOException">There is no manifest.</exception>
    public static MorphBundle Open(string folder)
    {
        string path = Path.Combine(folder, ManifestName);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"bundle: {folder} has no {ManifestName}; temper morph data and temper morph layer make one");
        }

        byte[] text = ReadSmall(path, MaxManifestBytes);
        string signer = BundleSignature.Verify(text, ReadSmall(Path.Combine(folder, SignatureName), 4096), path);
        return new MorphBundle(folder, BundleManifest.Parse(text, path), signer);
    }

    /// <summary>Morphs a set into a bundle. A run that was stopped goes on where it was.</summary>
    /// <param name="key">The key.</param>
    /// <param name="morpher">Its map.</param>
    /// <param name="data">The set.</param>
    /// <param name="folder">The bundle, which may hold a layer of the same key already.</param>
    /// <param name="format">npy, npz, safetensors or tfrecord.</param>
    /// <param name="progress">Told the part, rows done and rows of the part.</param>
    /// <param name="cancel">Stops between two chunks.</param>
    /// <exception cref="ArgumentException">
    /// A part of the set does not fit the key or holds bad labels or numbers, or the bundle is another key's.
    /// </exception>
    public static void WriteData(
        MorphKey key, Morpher morpher, DataSets data, string folder, string format = "npy",
        Action<string, int, int>? progress = null, CancellationToken cancel = default) =>
        BundleWriter.WriteData(key, morpher, data, (folder, format), progress, cancel);

    /// <summary>Writes an Aug-Conv layer into a bundle.</summary>
    /// <param name="key">The key.</param>
    /// <param name="layer">The layer, composed with the key.</param>
    /// <param name="folder">The bundle, which may hold data of the same key already.</param>
    /// <param name="isHalf">
    /// Whether numbers are stored as float16: half the bytes, a relative error of about 3e-4.
    /// </param>
    public static void WriteLayer(MorphKey key, AugConvLayer layer, string folder, bool isHalf = false) =>
        BundleWriter.WriteLayer(key, layer, folder, isHalf);

    /// <summary>
    /// The morphed samples, training and test part, in the shape of the pictures. Reading checks every file's digest
    /// first.
    /// </summary>
    /// <exception cref="ModelFormatException">A file is not what the manifest says.</exception>
    public DataSets OpenData() => new(OpenPart("train"), OpenPart("test"));

    /// <summary>The Aug-Conv layer.</summary>
    /// <exception cref="ModelFormatException">There is none, or its file is not what the manifest says.</exception>
    public AugConvLayer OpenLayer()
    {
        BundleLayer layer = _manifest.Layer ?? throw new ModelFormatException(
            Path.Combine(_folder, ManifestName), 0,
            "bundle: there is no Aug-Conv layer; the owner makes one with temper morph layer");
        string path = Path.Combine(_folder, layer.File);
        BundleFiles.RequireDigest(path, layer.Digest);
        AugConv operation = AugConvLayer.OperatorFor(
            Map, [layer.Channels, Map.Channels, layer.Kernel[0], layer.Kernel[1]], layer.Stride, layer.Padding);
        Tensor weight = SafetensorsFile.Load(path)[AugConvFile.TensorName].To(DType.Float32);
        if (weight.Count != operation.Pattern.Count
            || !float.IsFinite(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(weight.AsSpan<float>())))
        {
            throw new ModelFormatException(path, 0, "Aug-Conv: the layer is not what the manifest says (got "
                + $"{weight.Count} numbers, expected {operation.Pattern.Count}, all finite)");
        }

        return new AugConvLayer(operation, weight);
    }

    internal MorphedDataset OpenPart(string name)
    {
        if (!_manifest.Parts.TryGetValue(name, out BundlePart? part))
        {
            throw new ModelFormatException(
                Path.Combine(_folder, ManifestName), 0,
                $"bundle: there is no part '{name}'; the owner makes it with temper morph data");
        }

        string labelsPath = Path.Combine(_folder, part.Labels);
        BundleFiles.RequireDigest(labelsPath, part.LabelsDigest);
        long[] labels = NpyFile.Load(labelsPath).To(DType.Int64).ToArray<long>();
        if (labels.Length != part.Rows
            || Array.Exists(labels, label => label < 0 || label >= Math.Max(_manifest.Classes.Length, 1)))
        {
            throw new ModelFormatException(labelsPath, 0, $"bundle: the labels do not fit (got {labels.Length} for "
                + $"{part.Rows} rows and {_manifest.Classes.Length} classes)");
        }

        string path = Path.Combine(_folder, part.File);
        var data =
            new MorphedDataset($"{Path.GetFileName(_folder)}/{name}", path, part, Map, labels, _manifest.Classes);
        try
        {
            BundleFiles.RequireChunks(path, part, Map.Inputs);
        }
        catch
        {
            data.Dispose();
            throw;
        }

        return data;
    }

    private static byte[] ReadSmall(string path, int max)
    {
        if (!File.Exists(path) || new FileInfo(path).Length > max)
        {
            throw new ModelFormatException(path, 0, $"bundle: the file is missing or longer than {max} bytes");
        }

        return File.ReadAllBytes(path);
    }
}
