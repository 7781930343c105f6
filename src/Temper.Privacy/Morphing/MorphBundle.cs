using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Data;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>
/// A folder to send to the trainer: morphed rows, labels in the clear, the Aug-Conv layer and a signed manifest. A
/// bundle is untrusted input. Before use, sizes are checked against the files, every file is checked against its digest
/// in the manifest, the manifest's signature is verified, and numbers must be finite.
/// </summary>
/// <remarks>
/// This is obfuscation: the pictures can be computed from the layer and the rows, as <c>temper audit</c> demonstrates.
/// </remarks>
public sealed class MorphBundle
{
    internal const string ManifestName = "manifest.json";
    internal const string SignatureName = "manifest.sig";

    /// <summary>Signature of a manifest that is being replaced.</summary>
    internal const string NextSignatureName = "manifest.sig.next";

    internal const string LayerName = "augconv.safetensors";
    private const int MaxManifestBytes = 64 * 1024 * 1024;

    private readonly BundleManifest _manifest;
    private readonly string _folder;

    private MorphBundle(string folder, BundleManifest manifest, string signer) =>
        (_folder, _manifest, Signer) = (folder, manifest, signer);

    /// <summary>Sizes of the map that was applied to the rows.</summary>
    public MorphMap Map => _manifest.Map;

    /// <summary>Public identifier of the key.</summary>
    public string KeyId => _manifest.Key;

    /// <summary>SHA-256 of the public key that signed the manifest; compare it with the value from the owner.</summary>
    public string Signer { get; }

    /// <summary>Names of the parts: train, test.</summary>
    public IReadOnlyCollection<string> Parts => _manifest.Parts.Keys;

    /// <summary>True if the bundle contains an Aug-Conv layer.</summary>
    public bool HasLayer => _manifest.Layer is not null;

    internal BundleManifest Manifest => _manifest;

    internal BundleLayer? Layer => _manifest.Layer;

    internal string Folder => _folder;

    /// <summary>Returns whether a folder contains a manifest.</summary>
    /// <param name="folder">Path of the folder.</param>
    public static bool IsBundle(string folder) => File.Exists(Path.Combine(folder, ManifestName));

    /// <summary>
    /// Opens a bundle: reads its manifest and verifies the signature. Other files are verified when they are opened.
    /// </summary>
    /// <param name="folder">Folder of the bundle.</param>
    /// <exception cref="ModelFormatException">The manifest is damaged, changed or not valid.</exception>
    /// <exception cref="IOException">There is no manifest.</exception>
    public static MorphBundle Open(string folder)
    {
        string path = Path.Combine(folder, ManifestName);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"bundle: {folder} has no {ManifestName}; create one with temper morph data or temper morph layer");
        }

        byte[] text = ReadSmall(path, MaxManifestBytes);
        string signer = SignerOf(folder, text, path);
        return new MorphBundle(folder, BundleManifest.Parse(text, path), signer);
    }

    /// <summary>Morphs a data set into a bundle. Resumes a run that was interrupted.</summary>
    /// <param name="key">The key.</param>
    /// <param name="morpher">The key's map.</param>
    /// <param name="data">The data set.</param>
    /// <param name="folder">Folder of the bundle; it may already contain a layer of the same key.</param>
    /// <param name="format">File format: npy, npz, safetensors or tfrecord.</param>
    /// <param name="progress">
    /// Called with the name of the part, rows done and rows in the part; null: not called.
    /// </param>
    /// <param name="cancel">Cancels between chunks.</param>
    /// <exception cref="ArgumentException">
    /// A part of the data set does not match the key, contains invalid labels or values, or the bundle belongs to
    /// another key.
    /// </exception>
    public static void WriteData(
        MorphKey key, Morpher morpher, DataSets data, string folder, string format = "npy",
        Action<string, int, int>? progress = null, CancellationToken cancel = default) =>
        BundleWriter.WriteData(key, morpher, data, (folder, format), progress, cancel);

    /// <summary>Writes an Aug-Conv layer into a bundle.</summary>
    /// <param name="key">The key.</param>
    /// <param name="layer">The layer, composed with the same key.</param>
    /// <param name="folder">Folder of the bundle; it may already contain data of the same key.</param>
    /// <param name="isHalf">
    /// True: weights are stored as float16, with half the size and a relative error of about 3e-4; false: float32.
    /// </param>
    public static void WriteLayer(MorphKey key, AugConvLayer layer, string folder, bool isHalf = false) =>
        BundleWriter.WriteLayer(key, layer, folder, isHalf);

    /// <summary>
    /// Opens the morphed samples, training and test part, in the shape of the pictures. All file digests are checked
    /// first.
    /// </summary>
    /// <exception cref="ModelFormatException">A file does not match the manifest.</exception>
    public DataSets OpenData() => new(OpenPart("train"), OpenPart("test"));

    /// <summary>Loads the Aug-Conv layer.</summary>
    /// <exception cref="ModelFormatException">There is no layer, or its file does not match the manifest.</exception>
    public AugConvLayer OpenLayer()
    {
        BundleLayer layer = _manifest.Layer ?? throw new ModelFormatException(
            Path.Combine(_folder, ManifestName),
            "bundle: there is no Aug-Conv layer; the owner can create one with temper morph layer");
        string path = Path.Combine(_folder, layer.File);
        BundleFiles.RequireDigest(path, layer.Digest);
        AugConv operation = AugConvLayer.OperatorFor(
            Map, [layer.Channels, Map.Channels, layer.Kernel[0], layer.Kernel[1]], layer.Stride, layer.Padding)
            with { Key = KeyId };
        Tensor weight = SafetensorsFile.Load(path)[AugConvFile.TensorName].To(DType.Float32);
        if (weight.Count != operation.Pattern.Count
            || !float.IsFinite(TensorPrimitives.MaxMagnitude(weight.AsSpan<float>())))
        {
            throw new ModelFormatException(path, "Aug-Conv: the layer does not match the manifest (got "
                + $"{weight.Count} numbers, expected {operation.Pattern.Count}, all finite)");
        }

        return new AugConvLayer(operation, weight);
    }

    internal MorphedDataset OpenPart(string name)
    {
        if (!_manifest.Parts.TryGetValue(name, out BundlePart? part))
        {
            throw new ModelFormatException(
                Path.Combine(_folder, ManifestName),
                $"bundle: there is no part '{name}'; the owner can create it with temper morph data");
        }

        string labelsPath = Path.Combine(_folder, part.Labels);
        BundleFiles.RequireDigest(labelsPath, part.LabelsDigest);
        long[] labels = NpyFile.Load(labelsPath).To(DType.Int64).ToArray<long>();
        if (labels.Length != part.Rows
            || Array.Exists(labels, label => label < 0 || label >= Math.Max(_manifest.Classes.Length, 1)))
        {
            throw new ModelFormatException(labelsPath, $"bundle: the labels are not valid (got {labels.Length} for "
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

    /// <summary>Verifies the signature, or the next one, if a run was interrupted before it took its place.</summary>
    private static string SignerOf(string folder, byte[] text, string path)
    {
        const int MaxBytes = 4096;
        string next = Path.Combine(folder, NextSignatureName);
        try
        {
            return BundleSignature.Verify(text, ReadSmall(Path.Combine(folder, SignatureName), MaxBytes), path);
        }
        catch (Exception error) when (error is ModelFormatException or FileNotFoundException && File.Exists(next))
        {
            return BundleSignature.Verify(text, ReadSmall(next, MaxBytes), path);
        }
    }

    private static byte[] ReadSmall(string path, int max)
    {
        if (!File.Exists(path) || new FileInfo(path).Length > max)
        {
            throw new ModelFormatException(path, $"bundle: the file is missing or longer than {max} bytes");
        }

        return File.ReadAllBytes(path);
    }
}
