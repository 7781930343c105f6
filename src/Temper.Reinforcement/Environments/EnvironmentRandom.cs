using System.Numerics;

namespace Temper.Reinforcement.Environments;

/// <summary>
/// The random numbers of one episode: small, fast, and set anew by a seed without allocating (xoshiro128**).
/// </summary>
/// <remarks>
/// Source: Blackman, Vigna, "Scrambled linear pseudorandom number generators", 2018. Not for secrets.
/// </remarks>
public sealed class EnvironmentRandom : IDraws
{
    private uint _a, _b, _c, _d;

    /// <summary>Numbers of a seed.</summary>
    /// <param name="seed">Any number.</param>
    public EnvironmentRandom(ulong seed = 0) => Reset(seed);

    /// <summary>Begins again.</summary>
    /// <param name="seed">
    /// Any number; spread over the state by SplitMix64, so that neighboring seeds have nothing in common.
    /// </param>
    public void Reset(ulong seed)
    {
        ulong first = Mixed(ref seed), second = Mixed(ref seed);
        (_a, _b, _c, _d) = ((uint)first, (uint)(first >> 32), (uint)second, (uint)(second >> 32) | 1);
    }

    /// <summary>The next 32 random bits.</summary>
    public uint NextUInt32()
    {
        uint result = BitOperations.RotateLeft(_b * 5, 7) * 9, shifted = _b << 9;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 11);
        return result;
    }

    /// <inheritdoc/>
    /// <remarks>By multiplication; with few choices the odds differ by less than one in a hundred million.</remarks>
    public int Next(int below) => (int)(((ulong)NextUInt32() * (uint)below) >> 32);

    /// <summary>A uniform number.</summary>
    /// <returns>In [0, 1), a multiple of 2^-24.</returns>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>A uniform number.</summary>
    /// <returns>In [0, 1), a multiple of 2^-32.</returns>
    public double NextDouble() => NextUInt32() * (1.0 / (1L << 32));

    /// <summary>A uniform number in an interval.</summary>
    /// <param name="low">Smallest value.</param>
    /// <param name="high">Not reached, rounding aside.</param>
    public double NextDouble(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>A normal number with mean 0 and deviation 1 (Box-Muller).</summary>
    public float NextGaussian() =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble()));

    internal UInt128 State
    {
        get => new(((ulong)_a << 32) | _b, ((ulong)_c << 32) | _d);
        set => (_a, _b, _c, _d) = ((uint)(value >> 96), (uint)(value >> 64), (uint)(value >> 32), (uint)value);
    }

    private static ulong Mixed(ref ulong seed)
    {
        ulong z = seed += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}

/// <summary>
/// Where the rules of a game draw their random choices from. A replay tries them all instead of drawing.
/// </summary>
public interface IDraws
{
    /// <summary>A whole number, all equally likely.</summary>
    /// <param name="below">Positive; not reached.</param>
    /// <returns>In [0, below).</returns>
    int Next(int below);
}
