using System.Runtime.InteropServices;
using Temper.Data;
using Temper.Kernels;
using Temper.Privacy.Morphing;
using Temper.Testing;

namespace Temper.Privacy.Tests.Morphing;

/// <summary>Changed and forged bundles are refused, and bundles contain no secret.</summary>
public sealed class BundleIntegrityTests
{
    private static readonly MorphMap Map = new(1, 8, 8) { Cores = 4 };

    [Theory]
    [InlineData("npz")]
    [InlineData("npy")]
    public void Every_changed_file_is_refused(string format)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(1, 8, 600), MorphSamples.Weights(5, 1, 3), 1, format);
        foreach (string path in Directory.GetFiles(folder.Path))
        {
            byte[] content = File.ReadAllBytes(path);
            foreach (int place in new[] { 0, content.Length / 2, content.Length - 1 })
            {
                byte[] changed = [.. content];
                changed[place] ^= 4;
                Refused(path, changed);
            }

            Refused(path, content[..^1]);
            Refused(path, [.. content, 0]);
            File.WriteAllBytes(path, content);
        }

        Read(folder.Path);

        void Refused(string path, byte[] content)
        {
            File.WriteAllBytes(path, content);
            Assert.ThrowsAny<FormatException>(() => Read(folder.Path));
        }

        static void Read(string folder)
        {
            MorphBundle bundle = MorphBundle.Open(folder);
            bundle.OpenLayer();
            (bundle.OpenData().Train as IDisposable)?.Dispose();
        }
    }

    /// <summary>Manifests with a valid signature and wrong content: the signer may be an attacker.</summary>
    [Theory]
    [InlineData("\"cores\": 4", "\"cores\": 5")]
    [InlineData("\"cores\": 4", "\"cores\": -1")]
    [InlineData("\"rows\": 600", "\"rows\": 2000000000")]
    [InlineData("\"rows\": 600", "\"rows\": 599")]
    [InlineData("train-rows.npy", "../secret.npy")]
    [InlineData("\"channels\": 5", "\"channels\": 500000")]
    [InlineData("\"padding\": 1", "\"padding\": 2147483647")]
    [InlineData("\"padding\": 1", "\"padding\": 20000")]
    [InlineData("\"stride\": 1", "\"stride\": 0")]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("temper-morph", "other")]
    [InlineData("\"notice\"", "\"unknown\"")]
    [InlineData("\"npy\"", "\"exe\"")]
    public void Signed_manifests_that_lie_are_refused(string text, string lie)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(1, 8, 600), MorphSamples.Weights(5, 1, 3), 1);
        string path = Path.Combine(folder.Path, "manifest.json"), manifest = File.ReadAllText(path);
        Assert.Contains(text, manifest);
        byte[] changed = System.Text.Encoding.UTF8.GetBytes(manifest.Replace(text, lie, StringComparison.Ordinal));
        File.WriteAllBytes(path, changed);
        File.WriteAllBytes(Path.Combine(folder.Path, "manifest.sig"), BundleSignature.Sign(key, changed));
        Exception error = Assert.ThrowsAny<Exception>(() =>
        {
            MorphBundle bundle = MorphBundle.Open(folder.Path);
            bundle.OpenLayer();
            bundle.OpenData();
        });
        Assert.True(error is FormatException or ArgumentException, $"{error.GetType().Name}: {error.Message}");
    }

    [Fact]
    public void Another_key_and_another_size_are_refused_and_no_secret_stands_in_a_bundle()
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var other = MorphKey.Create(Map);
        using var morpher = new Morpher(key);
        MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(1, 8, 100), MorphSamples.Weights(5, 1, 3), 1);
        Assert.Throws<ArgumentException>(() => MorphBundle.WriteData(other, morpher, MorphSamples.Pictures(1, 8, 100), folder.Path));
        Assert.Throws<ArgumentException>(() => MorphBundle.WriteData(key, morpher, MorphSamples.Pictures(1, 16, 100), Path.Combine(folder.Path, "b")));
        byte[] core = MemoryMarshal.AsBytes(((CoreMap)morpher.Secret).Core(0)[..16]).ToArray();
        foreach (string path in Directory.GetFiles(folder.Path))
        {
            ReadOnlySpan<byte> content = File.ReadAllBytes(path);
            Assert.True(content.IndexOf(key.Seed) < 0 && content.IndexOf(core) < 0 && content.IndexOf(key.SigningKey.AsSpan(^32..)) < 0, path);
            Assert.True(content.IndexOf(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(key.Seed))) < 0, path);
        }

        Assert.DoesNotContain(Convert.ToHexStringLower(key.Seed), key.ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bundle_interrupted_while_it_is_signed_can_be_continued(bool hasNewManifest)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        using var morpher = new Morpher(key);
        MorphBundle.WriteData(key, morpher, MorphSamples.Pictures(1, 8, 40), folder.Path);
        byte[] oldText = File.ReadAllBytes(folder["manifest.json"]), oldSignature = File.ReadAllBytes(folder["manifest.sig"]);
        AugConvLayer layer = AugConvLayer.Compose(key, morpher, MorphSamples.Weights(5, 1, 3), 1, 1);
        MorphBundle.WriteLayer(key, layer, folder.Path);
        File.Move(folder["manifest.sig"], folder["manifest.sig.next"]);
        File.WriteAllBytes(folder["manifest.sig"], oldSignature);
        if (!hasNewManifest)
        {
            File.WriteAllBytes(folder["manifest.json"], oldText);
        }

        Assert.Equal(hasNewManifest, MorphBundle.Open(folder.Path).HasLayer);
        MorphBundle.WriteLayer(key, layer, folder.Path);
        Assert.True(MorphBundle.Open(folder.Path).HasLayer);
        Assert.False(File.Exists(folder["manifest.sig.next"]));
    }

    [Theory]
    [InlineData("parts", "{ \"train\": null }")]
    [InlineData("classes", "[null]")]
    public void Null_within_a_signed_manifest_is_refused(string member, string value)
    {
        using var folder = new TemporaryFolder();
        using MorphKey key = MorphSamples.Key(Map);
        MorphSamples.Bundle(folder.Path, key, MorphSamples.Pictures(1, 8, 40), MorphSamples.Weights(5, 1, 3), 1);
        var manifest = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(folder["manifest.json"]))!;
        manifest[member] = System.Text.Json.Nodes.JsonNode.Parse(value);
        byte[] changed = System.Text.Encoding.UTF8.GetBytes(manifest.ToJsonString());
        File.WriteAllBytes(folder["manifest.json"], changed);
        File.WriteAllBytes(folder["manifest.sig"], BundleSignature.Sign(key, changed));
        Assert.Throws<Temper.Formats.ModelFormatException>(() => MorphBundle.Open(folder.Path));
    }
}
