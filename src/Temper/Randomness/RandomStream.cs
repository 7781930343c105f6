using System.Text;
using Temper.Kernels;

namespace Temper.Randomness;

/// <summary>
/// An endless, named sequence of random numbers that is a value: it has no position, so reading it changes nothing.
/// </summary>
/// <remarks>
/// <para>Number <c>i</c> of a stream is a function of the stream and <c>i</c> (Philox4x32-10), so parts of one fill can
/// be made by any number of threads in any order with the same bytes. Reading the same numbers twice gives the same
/// numbers: a use that needs its own takes <see cref="Split(string)"/> or <see cref="Split(long)"/>; code that wants
/// "the next" number takes a <see cref="RandomCursor"/>.</para>
/// <para>Not for secrets: use System.Security.Cryptography.</para>
/// <para>Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.</para>
/// </remarks>
public sealed class RandomStream
{
    // Any two different non-zero constants do: they keep names, indices and numbers apart.
    private const ulong NameDomain = 0xA5A3_1F0B_6D1E_92C7;
    private const ulong IndexDomain = 0x5C0E_D6F7_3B84_E915;

    private RandomStream(Philox generator) => Generator = generator;

    /// <summary>
    /// What makes this stream this stream: write it to a checkpoint and give it to <see cref="FromState"/>.
    /// </summary>
    public RandomStreamState State => new(Generator.Key, Generator.Stream);

    /// <summary>What the kernels need of this stream.</summary>
    internal Philox Generator { get; }

    /// <summary>The stream of a seed.</summary>
    /// <param name="seed">Any number; different seeds give independent streams.</param>
    /// <returns>The stream.</returns>
    public static RandomStream FromSeed(ulong seed) => new(new Philox(seed, Stream: 0));

    /// <summary>The stream with the given state.</summary>
    /// <param name="state">From <see cref="State"/>.</param>
    /// <returns>A stream that gives the same numbers.</returns>
    public static RandomStream FromState(RandomStreamState state) => new(new Philox(state.Key, state.Stream));

    /// <summary>The independent stream of a name.</summary>
    /// <param name="name">Any text, compared by its UTF-8 bytes.</param>
    /// <returns>
    /// The stream whose key and upper counter are block <c>h</c> of this stream under a key changed by a constant,
    /// <c>h</c> being the 64-bit FNV-1a hash of the name. The derivation is part of the contract: it never changes.
    /// </returns>
    public RandomStream Split(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new RandomStream(Generator.Split(Hash(name), NameDomain));
    }

    /// <summary>The independent stream of a number: an epoch, a step, a sample.</summary>
    /// <param name="index">Any number.</param>
    /// <returns>
    /// The stream, derived as in <see cref="Split(string)"/> with the index for the hash and another constant.
    /// </returns>
    public RandomStream Split(long index) => new(Generator.Split((ulong)index, IndexDomain));

    /// <summary>A reader that moves along this stream.</summary>
    /// <param name="position">The first 32-bit word it reads.</param>
    /// <returns>A new cursor; cursors of one stream do not disturb each other.</returns>
    public RandomCursor Cursor(long position = 0) => new(this, position);

    /// <summary>Words of the stream.</summary>
    /// <param name="words">Receives words <paramref name="start"/>, <paramref name="start"/> + 1, ...</param>
    /// <param name="start">Index of the first, not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">The start is negative.</exception>
    public void Fill(Span<uint> words, long start = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        Generator.Fill(words, (ulong)start);
    }

    /// <summary>The first words of <see cref="Split(string)"/>, without making that stream.</summary>
    internal void FillSplit(string name, Span<uint> words) => Generator.Split(Hash(name), NameDomain).Fill(words, 0);

    /// <summary>Uniform numbers in [0, 1), multiples of 2^-24; number <c>i</c> comes from word <c>i</c>.</summary>
    /// <param name="numbers">Receives numbers <paramref name="start"/>, <paramref name="start"/> + 1, ...</param>
    /// <param name="start">Index of the first, not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">The start is negative.</exception>
    public void Fill(Span<float> numbers, long start = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        RandomNumbers.Uniform(Generator, numbers, (ulong)start);
    }

    /// <summary>Uniform numbers in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    /// <param name="numbers">Receives numbers <paramref name="start"/>, <paramref name="start"/> + 1, ...</param>
    /// <param name="low">Smallest value.</param>
    /// <param name="high">Not reached, rounding aside.</param>
    /// <param name="start">Index of the first, not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">The start is negative.</exception>
    public void FillUniform(Span<float> numbers, float low, float high, long start = 0)
    {
        Fill(numbers, start);
        foreach (ref float x in numbers)
        {
            x = low + ((high - low) * x);
        }
    }

    /// <summary>
    /// Normal numbers by Box and Muller; number <c>i</c> comes from the pair of words that holds word <c>i</c>.
    /// </summary>
    /// <param name="numbers">Receives numbers <paramref name="start"/>, <paramref name="start"/> + 1, ...</param>
    /// <param name="mean">Mean.</param>
    /// <param name="deviation">Standard deviation.</param>
    /// <param name="start">Index of the first, not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">The start is negative.</exception>
    public void FillGaussian(Span<float> numbers, float mean = 0, float deviation = 1, long start = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        RandomNumbers.Gaussian(Generator, numbers, (ulong)start);
        foreach (ref float x in numbers)
        {
            x = mean + (deviation * x);
        }
    }

    /// <summary>The numbers 0 to <paramref name="count"/> - 1 in random order, every order equally likely.</summary>
    /// <param name="count">How many, not negative.</param>
    /// <returns>A new array.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public int[] Permutation(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
        {
            order[i] = i;
        }

        Shuffle(order);
        return order;
    }

    /// <summary>Puts items in random order, every order equally likely (Fisher-Yates).</summary>
    /// <typeparam name="T">Of the items.</typeparam>
    /// <param name="items">Changed in place.</param>
    public void Shuffle<T>(Span<T> items)
    {
        RandomCursor cursor = Cursor();
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = cursor.NextInt32(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>64-bit FNV-1a of the UTF-8 bytes.</summary>
    private static ulong Hash(string name)
    {
        const int MaxOnStack = 256;
        int length = Encoding.UTF8.GetByteCount(name);
        Span<byte> bytes = length <= MaxOnStack ? stackalloc byte[MaxOnStack] : new byte[length];
        ulong hash = 0xCBF2_9CE4_8422_2325;
        foreach (byte b in bytes[..Encoding.UTF8.GetBytes(name, bytes)])
        {
            hash = (hash ^ b) * 0x0000_0100_0000_01B3;
        }

        return hash;
    }
}

/// <summary>The two numbers that make a stream.</summary>
/// <param name="Key">Key of the generator.</param>
/// <param name="Stream">Upper half of its counter.</param>
public readonly record struct RandomStreamState(ulong Key, ulong Stream);
