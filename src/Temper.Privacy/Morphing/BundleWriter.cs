using System.Text.Json;
using Temper.Data;
using Temper.Formats;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>Writes the files of a <see cref="MorphBundle"/>, and its signed manifest last.</summary>
internal static class BundleWriter
{
    /// <summary>Morphs a set; see <see cref="MorphBundle.WriteData"/>.</summary>
    internal static void WriteData(
        MorphKey key, Morpher morpher, DataSets data, (string Folder, string Format) bundle,
        Action<string, int, int>? progress, CancellationToken cancel)
    {
        RowContainer container = ContainerOf(bundle.Format);
        BundleManifest manifest = ForKey(key, bundle.Folder) with { Classes = [.. data.Train.ClassNames] };
        List<(string Part, Dataset Set, RowWriter Writer, string?[] Chunks)> written = [];
        foreach ((string part, Dataset set) in CheckedParts(key, morpher, data))
        {
            Directory.CreateDirectory(bundle.Folder);
            var writer = new RowWriter(key, morpher, container, bundle.Folder)
            {
                Progress = (done, all) => progress?.Invoke(part, done, all),
            };
            written.Add((part, set, writer, writer.WriteShare(part, set, cancel)));
        }

        // Only now do the rows take their places: until the last part is morphed, an interrupted run keeps all chunks,
        // and a bundle that is written again remains as it was.
        foreach ((string part, Dataset set, RowWriter writer, string?[] chunks) in written)
        {
            manifest.Parts[part] = writer.Complete(part, set, chunks);
        }

        Sign(key, bundle.Folder, manifest);
    }

    /// <summary>
    /// Morphs one rank's share of the rows into the files of a bundle. The bundle is complete only after <see
    /// cref="WriteData"/> has been called when all ranks are done; it also morphs any rows that are missing.
    /// </summary>
    internal static void WriteShare(
        MorphKey key, Morpher morpher, DataSets data, (string Folder, string Format) bundle, BatchPart share,
        CancellationToken cancel)
    {
        RowContainer container = ContainerOf(bundle.Format);
        ForKey(key, bundle.Folder);
        foreach ((string part, Dataset set) in CheckedParts(key, morpher, data))
        {
            Directory.CreateDirectory(bundle.Folder);
            new RowWriter(key, morpher, container, bundle.Folder) { Share = share }.WriteShare(part, set, cancel);
        }
    }

    /// <summary>Writes an Aug-Conv layer; see <see cref="MorphBundle.WriteLayer"/>.</summary>
    internal static void WriteLayer(MorphKey key, AugConvLayer layer, string folder, bool isHalf)
    {
        string path = Path.Combine(folder, MorphBundle.LayerName);
        BundleManifest manifest = ForKey(key, folder);
        AtomicFile.Write(path, stream => AugConvFile.Write(stream, layer.Weight, isHalf));
        Conv2dOptions options = layer.Operator.Options;
        Sign(key, folder, manifest with
        {
            Layer = new BundleLayer
            {
                File = MorphBundle.LayerName, Digest = BundleFiles.DigestOf(path), Channels = layer.Operator.Channels,
                Kernel = [layer.Operator.Kernel.Height, layer.Operator.Kernel.Width],
                Stride = options.Stride.Height, Padding = options.Padding.Top,
            },
        });
    }

    private static RowContainer ContainerOf(string format) => RowContainer.Find(format) ?? throw new ArgumentException(
        $"morph data: unknown format (got '{format}', expected "
        + $"{string.Join(", ", RowContainer.All.Select(known => known.Name))})");

    /// <summary>
    /// Returns the parts of a data set after checking all of them, so that an invalid test part is detected before the
    /// training rows are written.
    /// </summary>
    private static (string Name, Dataset Set)[] CheckedParts(MorphKey key, Morpher morpher, DataSets data)
    {
        morpher.RequireOf(key, "morph data");
        (string Name, Dataset Set)[] parts = [("train", data.Train), ("test", data.Test)];
        Array.ForEach(parts, part => RowWriter.Check(key, morpher, part.Set, data.Train.ClassNames.Count));
        return parts;
    }

    private static BundleManifest ForKey(MorphKey key, string folder)
    {
        var fresh = new BundleManifest
        {
            Key = key.Id, Image = [key.Map.Channels, key.Map.Height, key.Map.Width], Cores = key.Map.Cores,
            IsRepeated = key.Map.IsRepeated, IsStructured = key.Map.IsStructured,
        };
        if (!MorphBundle.IsBundle(folder))
        {
            return fresh;
        }

        BundleManifest found = MorphBundle.Open(folder).Manifest;
        return string.Equals(found.Key, key.Id, StringComparison.Ordinal) ? found : throw new ArgumentException(
            $"bundle: {folder} belongs to another key (got {found.Key}, expected {key.Id}); use a "
            + "separate folder for each key");
    }

    private static void Sign(MorphKey key, string folder, BundleManifest manifest)
    {
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(manifest, ManifestJson.Default.BundleManifest);

        // At every moment one of the two signatures fits the manifest, so an interrupted run can continue.
        string next = Path.Combine(folder, MorphBundle.NextSignatureName);
        AtomicFile.Write(next, stream => stream.Write(BundleSignature.Sign(key, text)));
        AtomicFile.Write(Path.Combine(folder, MorphBundle.ManifestName), stream => stream.Write(text));
        File.Move(next, Path.Combine(folder, MorphBundle.SignatureName), overwrite: true);
    }
}
