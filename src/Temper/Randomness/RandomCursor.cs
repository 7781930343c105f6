namespace Temper.Randomness;

/// <summary>Reads a <see cref="RandomStream"/> sequentially. Must be used by one thread only.</summary>
/// <remarks>
/// Its complete state is the stream's <see cref="RandomStream.State"/> and the <see cref="Position"/>.
/// </remarks>
public sealed class RandomCursor
{
    private readonly RandomStream _stream;
    private readonly uint[] _words = new uint[64];
    private long _first = -1;

    internal RandomCursor(RandomStream stream, long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        _stream = stream;
        Position = position;
    }

    /// <summary>Index of the next 32-bit word to read.</summary>
    public long Position { get; private set; }

    /// <summary>Returns the next 32 random bits.</summary>
    /// <returns>Uniform over all values.</returns>
    public uint NextUInt32()
    {
        long offset = Position - _first;
        if (_first < 0 || offset >= _words.Length)
        {
            _first = Position;
            offset = 0;
            _stream.Fill(_words, _first);
        }

        Position++;
        return _words[offset];
    }

    /// <summary>Returns the next 64 random bits: two words, the lower half first.</summary>
    /// <returns>Uniform over all values.</returns>
    public ulong NextUInt64()
    {
        ulong low = NextUInt32();
        return low | ((ulong)NextUInt32() << 32);
    }

    /// <summary>Returns a uniform random number in single precision.</summary>
    /// <returns>A multiple of 2^-24 in [0, 1).</returns>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>Returns a uniform random number in double precision.</summary>
    /// <returns>A multiple of 2^-53 in [0, 1).</returns>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1L << 53));

    /// <summary>Returns a uniform random number in an interval.</summary>
    /// <param name="low">Lower bound, inclusive.</param>
    /// <param name="high">Upper bound; exclusive, except for rounding.</param>
    /// <returns>A number in [low, high).</returns>
    public float NextSingle(float low, float high) => low + ((high - low) * NextSingle());

    /// <summary>
    /// Returns a normally distributed number (Box-Muller). The second number of each pair is discarded, so that the
    /// cursor has no state besides its position.
    /// </summary>
    /// <param name="mean">Mean.</param>
    /// <param name="deviation">Standard deviation.</param>
    /// <returns>A finite number.</returns>
    public float NextGaussian(float mean = 0, float deviation = 1)
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return (float)(mean + (deviation * radius * Math.Cos(2 * Math.PI * NextDouble())));
    }

    /// <summary>Returns a uniform random integer (Lemire's multiplication with rejection, arXiv:1805.10941).</summary>
    /// <param name="below">Upper bound, exclusive; above 0.</param>
    /// <returns>An integer in [0, below).</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="below"/> is not positive.</exception>
    public int NextInt32(int below)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(below);
        uint rejected = (uint)(-below) % (uint)below;   // 2^32 mod below: smaller low halves would bias the result
        ulong product;
        do
        {
            product = (ulong)NextUInt32() * (uint)below;
        }
        while ((uint)product < rejected);
        return (int)(product >> 32);
    }

    /// <summary>Fills a span with uniform random integers.</summary>
    /// <param name="numbers">Destination; receives integers in [0, below).</param>
    /// <param name="below">Upper bound, exclusive; above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="below"/> is not positive.</exception>
    public void Fill(Span<int> numbers, int below)
    {
        foreach (ref int x in numbers)
        {
            x = NextInt32(below);
        }
    }

    /// <summary>Returns true with the given probability.</summary>
    /// <param name="probability">Probability of true, 0 to 1.</param>
    /// <returns>The random Boolean.</returns>
    public bool NextBoolean(float probability = 0.5f) => NextSingle() < probability;
}
