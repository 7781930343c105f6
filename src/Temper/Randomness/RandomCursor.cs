namespace Temper.Randomness;

/// <summary>Reads a <see cref="RandomStream"/> number by number. Belongs to one thread.</summary>
/// <remarks>Its whole state is the stream's <see cref="RandomStream.State"/> and <see cref="Position"/>.</remarks>
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

    /// <summary>Index of the 32-bit word that is read next.</summary>
    public long Position { get; private set; }

    /// <summary>The next 32 random bits.</summary>
    /// <returns>Any value.</returns>
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

    /// <summary>The next 64 random bits: two words, the lower half first.</summary>
    /// <returns>Any value.</returns>
    public ulong NextUInt64()
    {
        ulong low = NextUInt32();
        return low | ((ulong)NextUInt32() << 32);
    }

    /// <summary>A uniform number.</summary>
    /// <returns>In [0, 1), a multiple of 2^-24.</returns>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>A uniform number.</summary>
    /// <returns>In [0, 1), a multiple of 2^-53.</returns>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1L << 53));

    /// <summary>A uniform number in an interval.</summary>
    /// <param name="low">Smallest value.</param>
    /// <param name="high">Not reached, rounding aside.</param>
    /// <returns>In [low, high).</returns>
    public float NextSingle(float low, float high) => low + ((high - low) * NextSingle());

    /// <summary>
    /// A normal number (Box-Muller; the second of the pair is not kept, so that the position is the whole state).
    /// </summary>
    /// <param name="mean">Mean.</param>
    /// <param name="deviation">Standard deviation.</param>
    /// <returns>Any finite number.</returns>
    public float NextGaussian(float mean = 0, float deviation = 1)
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return (float)(mean + (deviation * radius * Math.Cos(2 * Math.PI * NextDouble())));
    }

    /// <summary>
    /// A whole number, all equally likely (Lemire's multiplication with rejection, arXiv:1805.10941).
    /// </summary>
    /// <param name="below">Positive; not reached.</param>
    /// <returns>In [0, below).</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="below"/> is not positive.</exception>
    public int NextInt32(int below)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(below);
        uint rejected = (uint)(-below) % (uint)below;   // 2^32 mod below: so many low products are one too many
        ulong product;
        do
        {
            product = (ulong)NextUInt32() * (uint)below;
        }
        while ((uint)product < rejected);
        return (int)(product >> 32);
    }

    /// <summary>Whole numbers, all equally likely.</summary>
    /// <param name="numbers">Receives numbers in [0, below).</param>
    /// <param name="below">Positive; not reached.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="below"/> is not positive.</exception>
    public void Fill(Span<int> numbers, int below)
    {
        foreach (ref int x in numbers)
        {
            x = NextInt32(below);
        }
    }

    /// <summary>A coin.</summary>
    /// <param name="probability">Of true, 0 to 1.</param>
    /// <returns>The coin's side.</returns>
    public bool NextBoolean(float probability = 0.5f) => NextSingle() < probability;
}
