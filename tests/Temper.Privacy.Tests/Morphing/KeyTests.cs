using System.Text;
using Temper.Formats;
using Temper.Privacy.Morphing;

namespace Temper.Privacy.Tests.Morphing;

/// <summary>Values derived from a seed, and key files.</summary>
public sealed class KeyTests
{
    private static readonly byte[] Password = Encoding.UTF8.GetBytes("correct horse");

    private static readonly MorphMap Map = new(3, 8, 8) { Cores = 3 };

    [Fact]
    public void Logarithm_sine_and_cosine_agree_with_the_math_library()
    {
        for (int i = 1; i <= 20_000; i++)
        {
            double x = i / 20_000.0, tiny = Math.Pow(2, -i % 53) * (1 + (x / 3));
            Assert.Equal(Math.Log(x), KeyMath.Log(x), 4e-16 * Math.Max(1, Math.Abs(Math.Log(x))));
            Assert.Equal(Math.Log(tiny), KeyMath.Log(tiny), 4e-16 * Math.Max(1, Math.Abs(Math.Log(tiny))));
            (double sine, double cosine) = KeyMath.Turn(x);
            Assert.Equal(Math.Sin(2 * Math.PI * x), sine, 1e-15);
            Assert.Equal(Math.Cos(2 * Math.PI * x), cosine, 1e-15);
        }
    }

    [Fact]
    public void Bits_are_those_of_HKDF_and_AES_in_counter_mode()
    {
        byte[] seed = [.. Enumerable.Range(1, 32).Select(i => (byte)i)], id = [.. Enumerable.Range(101, 16).Select(i => (byte)i)];
        using var stream = new KeyStream(seed, id, "mole/v1/test");
        byte[] key = System.Security.Cryptography.HKDF.DeriveKey(
            System.Security.Cryptography.HashAlgorithmName.SHA256, seed, 32, id, Encoding.ASCII.GetBytes("mole/v1/test"));
        using var aes = System.Security.Cryptography.Aes.Create();
        aes.Key = key;
        for (int block = 0; block < 5000; block++)                // more than one buffer
        {
            byte[] counter = new byte[16];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(counter.AsSpan(12), block);
            byte[] bits = aes.EncryptEcb(counter, System.Security.Cryptography.PaddingMode.None);
            Assert.Equal((BitConverter.ToUInt64(bits, 0) >> 11) * Math.Pow(2, -53), stream.NextUniform());
            Assert.Equal((BitConverter.ToUInt64(bits, 8) >> 11) * Math.Pow(2, -53), stream.NextUniform());
        }
    }

    [Fact]
    public void Normal_numbers_have_the_moments_of_a_normal_distribution()
    {
        using MorphKey key = MorphSamples.Key(Map);
        using KeyStream stream = key.Stream("moments");
        double[] x = [.. Enumerable.Range(0, 200_000).Select(_ => stream.NextNormal())];
        Assert.Equal(0, x.Average(), 0.01);
        Assert.Equal(1, x.Average(v => v * v), 0.02);
        Assert.Equal(3, x.Average(v => v * v * v * v), 0.1);
    }

    [Fact]
    public void Every_order_of_four_is_equally_likely()
    {
        using MorphKey key = MorphSamples.Key(Map);
        using KeyStream stream = key.Stream("orders");
        var counts = Enumerable.Range(0, 24_000).Select(_ => string.Join("", stream.NextPermutation(4))).CountBy(order => order).ToList();
        Assert.Equal(24, counts.Count);
        Assert.All(counts, entry => Assert.InRange(entry.Value, 850, 1150));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void File_gives_the_key_again_and_is_for_its_owner_alone(bool isStructured)
    {
        using var folder = new Temper.Testing.TemporaryFolder();
        string path = Path.Combine(folder.Path, "key");
        using var key = MorphKey.Create(isStructured ? new MorphMap(3, 40, 40) { IsStructured = true } : Map with { IsRepeated = true });
        key.Save(path, Password);
        using MorphKey again = MorphKey.Load(path, Password);
        Assert.Equal(key.Map, again.Map);
        Assert.Equal(key.Id, again.Id);
        Assert.Equal(key.Seed.ToArray(), again.Seed.ToArray());
        Assert.Equal(key.SigningKey, again.SigningKey);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        var error = Assert.Throws<ModelFormatException>(() => MorphKey.Load(path, "wrong"u8));
        Assert.Contains("password is wrong", error.Message);
        byte[] file = File.ReadAllBytes(path);
        Assert.True(file.AsSpan().IndexOf(key.Seed) < 0, "the seed stands in the file");
        Assert.Throws<ArgumentException>(() => key.Save(path, default));
    }

    [Fact]
    public void Damaged_files_are_refused_without_a_round_of_key_derivation_or_much_memory()
    {
        using MorphKey key = MorphSamples.Key(Map);
        byte[] file = KeyFile.Write(key, Password, rounds: 10_000_000);
        for (int length = 0; length < file.Length; length++)
        {
            Refused(file[..length]);
        }

        for (int bit = 0; bit < KeyFile.HeaderBytes * 8; bit++)
        {
            byte[] changed = [.. file];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Refused(changed);
        }

        var random = Temper.Randomness.RandomStream.FromSeed(5).Cursor();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            byte[] changed = [.. file];
            for (int j = 0; j <= i % 4; j++)
            {
                changed[(int)random.NextSingle(0, changed.Length - 0.01f)] ^= (byte)(1 + (int)random.NextSingle(0, 254));
            }

            Refused(changed);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 10_000, 0, (file.Length * 4) + 8192);   // 8192: message and stack trace of the exception
    }

    /// <summary>Models an attacker who can compute the checksum, but not the authentication tag.</summary>
    [Fact]
    public void A_changed_header_with_a_right_check_sum_is_refused_by_the_tag_or_by_its_sizes()
    {
        using MorphKey key = MorphSamples.Key(Map);
        byte[] file = KeyFile.Write(key, Password, rounds: 1);
        for (int place = 8; place < KeyFile.HeaderBytes; place++)
        {
            byte[] changed = [.. file];
            changed[place] ^= 1;
            System.Security.Cryptography.SHA256.HashData(changed.AsSpan(0, changed.Length - 32), changed.AsSpan(changed.Length - 32));
            Refused(changed);
        }
    }

    [Theory]
    [InlineData(1, false, "in 1 core")]
    [InlineData(3, false, "in 3 cores")]
    [InlineData(3, true, "in 3 equal cores")]
    public void Text_of_a_key_counts_its_cores(int cores, bool isRepeated, string words)
    {
        using MorphKey key = MorphSamples.Key(Map with { Cores = cores, IsRepeated = isRepeated });
        Assert.EndsWith(words, key.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_that_are_none_are_refused()
    {
        Assert.Throws<ArgumentException>(() => MorphKey.Create(new MorphMap(3, 8, 8) { Cores = 5 }));
        Assert.Throws<ArgumentException>(() => MorphKey.Create(new MorphMap(3, 224, 224)));
        Assert.Throws<ArgumentException>(() => MorphKey.Create(new MorphMap(3, 0, 8)));
        Assert.Throws<ArgumentException>(() => MorphKey.Create(new MorphMap(70_000, 70_000, 1)));
    }

    private static void Refused(byte[] file)
    {
        ModelFormatException? error = null;
        try
        {
            KeyFile.Read(file, "key", Password);
        }
        catch (ModelFormatException caught)
        {
            error = caught;
        }

        Assert.NotNull(error);
    }
}
