using Temper.Kernels;
using Temper.Randomness;

namespace Temper.Tests.Randomness;

public sealed class RandomStreamTests
{
    // Known answers of the Random123 distribution (kat_vectors, philox4x32 10): counter, key, block.
    [Theory]
    [InlineData(0ul, 0ul, 0ul, new uint[] { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 })]
    [InlineData(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, new uint[] { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd })]
    [InlineData(
        0x85a308d3_243f6a88ul, 0x03707344_13198a2eul, 0x299f31d0_a4093822ul,
        new uint[] { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 })]
    public void Block_of_known_counter_is_known_answer(ulong position, ulong stream, ulong key, uint[] expected)
    {
        (uint w0, uint w1, uint w2, uint w3) = new Philox(key, stream).Block(position);
        Assert.Equal(expected, new[] { w0, w1, w2, w3 });
    }

    [Fact]
    public void Fill_in_parts_gives_the_bytes_of_one_fill()
    {
        RandomStream stream = RandomStream.FromSeed(7).Split("parts");
        float[] whole = new float[5000], parts = new float[5000], normal = new float[5000], normalParts = new float[5000];
        stream.Fill(whole);
        stream.FillGaussian(normal);
        int at = 0;
        foreach (int length in (int[])[1, 2, 3, 5, 1021, 1025, 2048, 895])
        {
            stream.Fill(parts.AsSpan(at, length), at);
            stream.FillGaussian(normalParts.AsSpan(at, length), start: at);
            at += length;
        }

        Assert.Equal(5000, at);
        Assert.Equal(whole, parts);
        Assert.Equal(normal, normalParts);
    }

    [Fact]
    public void Fill_gives_the_words_of_the_blocks_from_any_start()
    {
        var generator = new Philox(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210);
        foreach (ulong start in (ulong[])[0, 1, 2, 3, 4, 0xFFFF_FFF0 * 4ul, 1ul << 62])
        {
            uint[] words = new uint[203];
            generator.Fill(words, start);
            for (int i = 0; i < words.Length; i++)
            {
                ulong word = start + (ulong)i;
                (uint w0, uint w1, uint w2, uint w3) = generator.Block(word / 4);
                Assert.Equal((word % 4) switch { 0 => w0, 1 => w1, 2 => w2, _ => w3 }, words[i]);
            }
        }
    }

    [Fact]
    public void Fill_has_the_moments_of_its_distribution()
    {
        float[] uniform = new float[1 << 18], normal = new float[1 << 18];
        RandomStream.FromSeed(1).Fill(uniform);
        RandomStream.FromSeed(2).FillGaussian(normal, mean: 3, deviation: 2);
        Assert.All(uniform, x => Assert.InRange(x, 0f, 0.99999998f));
        Assert.Equal(0.5, uniform.Average(), 0.003);
        Assert.Equal(1 / 12.0, uniform.Average(x => (x - 0.5) * (x - 0.5)), 0.001);
        Assert.Equal(3, normal.Average(), 0.02);
        Assert.Equal(4, normal.Average(x => (x - 3.0) * (x - 3.0)), 0.05);
        Assert.Equal(12, normal.Average(x => Math.Pow((x - 3.0) / 2, 4)) * 4, 0.3);   // kurtosis 3
    }

    [Fact]
    public void Splits_are_different_streams_and_repeat()
    {
        RandomStream root = RandomStream.FromSeed(1);
        RandomStream[] streams =
        [
            root, root.Split("a"), root.Split("b"), root.Split(0), root.Split(1), root.Split(-1), root.Split("a").Split("b"),
            root.Split("b").Split("a"), RandomStream.FromSeed(2), RandomStream.FromSeed(2).Split("a"),
        ];
        Assert.Equal(streams.Length, streams.Select(s => s.State).Distinct().Count());
        Assert.Equal(root.Split("a").State, RandomStream.FromSeed(1).Split("a").State);
        Assert.Equal(streams[6].State, RandomStream.FromState(streams[6].State).State);
    }

    [Fact]
    public void Derivation_of_splits_never_changes()
    {
        RandomStreamState name = RandomStream.FromSeed(1).Split("dropout").State;
        RandomStreamState index = RandomStream.FromSeed(1).Split(42).State;
        Assert.Equal("03d8babb83cd42f1 03ffc05c5562dec7", $"{name.Key:x16} {name.Stream:x16}");
        Assert.Equal("17f5d3a8b1964a3e 37bad4a25f1a2cfd", $"{index.Key:x16} {index.Stream:x16}");
    }

    [Fact]
    public void Cursor_reads_the_words_of_the_stream_and_resumes_anywhere()
    {
        RandomStream stream = RandomStream.FromSeed(5);
        uint[] words = new uint[200];
        stream.Fill(words);
        RandomCursor cursor = stream.Cursor();
        Assert.Equal(words, words.Select(_ => cursor.NextUInt32()));
        RandomCursor later = stream.Cursor(67);
        Assert.Equal(words[67], later.NextUInt32());
        Assert.Equal(words[68] | ((ulong)words[69] << 32), later.NextUInt64());
        Assert.Equal(70, later.Position);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(int.MaxValue)]
    public void NextInt32_is_uniform_below_its_bound(int below)
    {
        RandomCursor cursor = RandomStream.FromSeed(3).Cursor();
        int[] numbers = new int[30000];
        cursor.Fill(numbers, below);
        Assert.All(numbers, n => Assert.InRange(n, 0, below - 1));
        Assert.Equal((below - 1) / 2.0 / below, numbers.Average(n => (double)n / below), 0.01);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(257)]
    public void Permutation_holds_every_number_once(int count)
    {
        int[] order = RandomStream.FromSeed(9).Permutation(count);
        Assert.Equal(Enumerable.Range(0, count), order.Order());
        Assert.Equal(order, RandomStream.FromSeed(9).Permutation(count));
    }

    [Fact]
    public void Permutation_visits_all_orders_equally()
    {
        int[] seen = new int[6];
        for (int i = 0; i < 6000; i++)
        {
            int[] p = RandomStream.FromSeed(9).Split(i).Permutation(3);
            seen[(p[0] * 2) + (p[1] > p[2] ? 1 : 0)]++;
        }

        Assert.All(seen, n => Assert.InRange(n, 880, 1120));
    }
}
