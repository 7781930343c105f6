using System.Text;
using Temper.Kernels;

namespace Temper.Randomness;

/// <summary>
/// An unlimited sequence of random numbers, accessed by index. Immutable: it has no position, so reading does not
/// change it.
/// </summary>
/// <remarks>
/// <para>Number <c>i</c> of a stream is a function of the stream and <c>i</c> (Philox4x32-10). A fill can therefore be
/// divided among any number of threads, in any order, with bitwise identical results. Reading the same indices again
/// gives the same numbers. Code that needs numbers of its own uses <see cref="Split(string)"/> or
/// <see cref="Split(long)"/>; code that reads numbers one after another uses a <see cref="RandomCursor"/>.</para>
/// <para>Not cryptographically secure: for secrets, use System.Security.Cryptography.</para>
/// <para>Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.</para>
/// </remarks>
public sealed class RandomStream
{
    // Any two different nonzero constants: they separate the streams of names, those of indices, and the numbers.
    private const ulong NameDomain = 0xA5A3_1F0B_6D1E_92C7;
    private const ulong IndexDomain = 0x5C0E_D6F7_3B84_E915;

    private RandomStream(Philox generator) => Generator = generator;

    /// <summary>
    /// State of the stream. Save it in a checkpoint and pass it to <see cref="FromState"/> to restore the stream.
    /// </summary>
    public RandomStreamState State => new(Generator.Key, Generator.Stream);

    /// <summary>The generator, for use by kernels.</summary>
    internal Philox Generator { get; }

    /// <summary>Creates the stream of a seed.</summary>
    /// <param name="seed">Any value; different seeds give independent streams.</param>
    /// <returns>The stream.</returns>
    public static RandomStream FromSeed(ulong seed) => new(new Philox(seed, Stream: 0));

    /// <summary>Creates the stream with the given state.</summary>
    /// <param name="state">A state from <see cref="State"/>.</param>
    /// <returns>A stream with the same numbers.</returns>
    public static RandomStream FromState(RandomStreamState state) => new(new Philox(state.Key, state.Stream));

    /// <summary>Derives an independent stream from a name.</summary>
    /// <param name="name">Any text; names with different UTF-8 bytes give independent streams.</param>
    /// <returns>
    /// The derived stream. Its key and upper counter are block <c>h</c> of this stream under a key modified by a
    /// constant, where <c>h</c> is the 64-bit FNV-1a hash of the name. The derivation is part of the contract and never
    /// changes.
    /// </returns>
    public RandomStream Split(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new RandomStream(Generator.Split(Hash(name), NameDomain));
    }

    /// <summary>Derives an independent stream from a number, such as the index of an epoch, step or sample.</summary>
    /// <param name="index">Any value.</param>
    /// <returns>
    /// The derived stream, as in <see cref="Split(string)"/> but with the index instead of the hash and another
    /// constant.
    /// </returns>
    public RandomStream Split(long index) => new(Generator.Split((ulong)index, IndexDomain));

    /// <summary>Creates a cursor that reads this stream sequentially.</summary>
    /// <param name="position">Index of the first 32-bit word to read, 0 or more.</param>
    /// <returns>A new cursor. Cursors of the same stream are independent.</returns>
    public RandomCursor Cursor(long position = 0) => new(this, position);

    /// <summary>Fills a span with 32-bit words of the stream.</summary>
    /// <param name="words">
    /// Destination; receives words <paramref name="start"/>, <paramref name="start"/> + 1, ...
    /// </param>
    /// <param name="start">Index of the first word, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="start"/> is negative.</exception>
    public void Fill(Span<uint> words, long start = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        Generator.Fill(words, (ulong)start);
    }

    /// <summary>Returns the first words of <see cref="Split(string)"/> without creating that stream.</summary>
    internal void FillSplit(string name, Span<uint> words) => Generator.Split(Hash(name), NameDomain).Fill(words, 0);

    /// <summary>
    /// Fills a span with uniform random numbers in [0, 1), multiples of 2^-24. Number <c>i</c> is computed from word
    /// <c>i</c>.
    /// </summary>
    /// <param name="numbers">
    /// Destination; receives numbers <paramref name="start"/>, <paramref name="start"/> + 1, ...
    /// </param>
    /// <param name="start">Index of the first number, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="start"/> is negative.</exception>
    public void Fill(Span<float> numbers, long start = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        RandomNumbers.Uniform(Generator, numbers, (ulong)start);
    }

    /// <summary>
    /// Fills a span with uniform random numbers in [<paramref name="low"/>, <paramref name="high"/>).
    /// </summary>
    /// <param name="numbers">
    /// Destination; receives numbers <paramref name="start"/>, <paramref name="start"/> + 1, ...
    /// </param>
    /// <param name="low">Lower bound, inclusive.</param>
    /// <param name="high">Upper bound; exclusive, except for rounding.</param>
    /// <param name="start">Index of the first number, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="start"/> is negative.</exception>
    public void FillUniform(Span<float> numbers, float low, float high, long start = 0)
    {
        Fill(numbers, start);
        foreach (ref float x in numbers)
        {
            x = low + ((high - low) * x);
        }
    }

    /// <summary>
    /// Fills a span with normally distributed numbers (Box-Muller). Number <c>i</c> is computed from the pair of words
    /// that contains word <c>i</c>.
    /// </summary>
    /// <param name="numbers">
    /// Destination; receives numbers <paramref name="start"/>, <paramref name="start"/> + 1, ...
    /// </param>
    /// <param name="mean">Mean.</param>
    /// <param name="deviation">Standard deviation.</param>
    /// <param name="start">Index of the first number, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="start"/> is negative.</exception>
    public void FillGaussian(Span<float> numbers, float mean = 0, float deviation = 1, long start = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        RandomNumbers.Gaussian(Generator, numbers, (ulong)start);
        foreach (ref float x in numbers)
        {
            x = mean + (deviation * x);
        }
    }

    /// <summary>
    /// Returns the numbers 0 to <paramref name="count"/> - 1 in random order; all orders are equally likely.
    /// </summary>
    /// <param name="count">Number of elements, 0 or more.</param>
    /// <returns>A new array.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
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

    /// <summary>Shuffles items in place (Fisher-Yates); all orders are equally likely.</summary>
    /// <typeparam name="T">Type of the items.</typeparam>
    /// <param name="items">The items, reordered in place.</param>
    public void Shuffle<T>(Span<T> items)
    {
        RandomCursor cursor = Cursor();
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = cursor.NextInt32(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Computes the 64-bit FNV-1a hash of the UTF-8 bytes.</summary>
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

/// <summary>State of a <see cref="RandomStream"/>.</summary>
/// <param name="Key">Key of the generator.</param>
/// <param name="Stream">Upper half of its counter.</param>
public readonly record struct RandomStreamState(ulong Key, ulong Stream);
