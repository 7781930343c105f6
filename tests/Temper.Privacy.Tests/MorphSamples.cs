using Temper.Data;
using Temper.Privacy.Morphing;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Privacy.Tests;

/// <summary>Keys, weights and pictures with fixed seeds.</summary>
internal static class MorphSamples
{
    /// <summary>Returns a key whose seed is fixed and not secret; its signing key is random.</summary>
    internal static MorphKey Key(MorphMap map)
    {
        using var signing = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        return new MorphKey(map, [.. Enumerable.Range(1, 32).Select(i => (byte)i)], [.. Enumerable.Range(101, 16).Select(i => (byte)i)], signing.ExportPkcs8PrivateKey());
    }

    internal static Tensor Weights(int outputs, int channels, int kernel)
    {
        RandomCursor cursor = RandomStream.FromSeed(7).Cursor();
        Shape shape = [outputs, channels, kernel, kernel];
        return Tensor.From((float[])[.. Enumerable.Range(0, shape.Count).Select(_ => cursor.NextSingle(-1, 1) + cursor.NextSingle(-1, 1))], shape);
    }

    /// <summary>Returns drawn shapes: pictures of the given size with edges, flat areas and noise.</summary>
    internal static DataSets Pictures(int channels, int size, int count) =>
        DataSource.Open($"synth:shapes?classes=10&channels={channels}&size={size}&count={count}&seed=3");

    internal static float[] Rows(Dataset data, int count)
    {
        int size = data.SampleShape.Count;
        float[] rows = new float[count * size];
        for (int i = 0; i < count; i++)
        {
            data.CopySample(i, rows.AsSpan(i * size, size));
        }

        return rows;
    }

    /// <summary>Writes a bundle of training and test rows with a layer, and opens it.</summary>
    internal static MorphBundle Bundle(string folder, MorphKey key, DataSets data, Tensor weights, int padding, string format = "npy", int stride = 1)
    {
        using var morpher = new Morpher(key);
        MorphBundle.WriteData(key, morpher, data, folder, format);
        MorphBundle.WriteLayer(key, AugConvLayer.Compose(key, morpher, weights, stride, padding), folder);
        return MorphBundle.Open(folder);
    }
}
