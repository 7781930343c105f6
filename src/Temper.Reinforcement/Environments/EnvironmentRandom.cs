using System.Numerics;

namespace Temper.Reinforcement.Environments;

/// <summary>
/// Random number generator for episodes (xoshiro128**): small, fast, and reseeded without allocation.
/// </summary>
/// <remarks>
/// Source: Blackman, Vigna, "Scrambled linear pseudorandom number generators", 2018. Not suitable for cryptography.
/// </remarks>
public sealed class EnvironmentRandom : IDraws
{
    private uint _a, _b, _c, _d;

    /// <summary>Creates a generator with a seed.</summary>
    /// <param name="seed">Any number.</param>
    public EnvironmentRandom(ulong seed = 0) => Reset(seed);

    /// <summary>Restarts the generator with a seed.</summary>
    /// <param name="seed">
    /// Any number. SplitMix64 expands it to the generator's state, so that sequences of neighboring seeds are
    /// unrelated.
    /// </param>
    public void Reset(ulong seed)
    {
        ulong first = Mixed(ref seed), second = Mixed(ref seed);
        (_a, _b, _c, _d) = ((uint)first, (uint)(first >> 32), (uint)second, (uint)(second >> 32) | 1);
    }

    /// <summary>Returns the next 32 random bits.</summary>
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

    /// <summary>Returns a random integer; all values are equally likely.</summary>
    /// <param name="below">Upper bound, excluded; 1 or more.</param>
    /// <returns>An integer in [0, below).</returns>
    /// <remarks>
    /// Uses multiplication instead of rejection; with few choices the probabilities deviate by less than 1e-8.
    /// </remarks>
    public int Next(int below) => (int)(((ulong)NextUInt32() * (uint)below) >> 32);

    /// <summary>Returns a uniformly distributed number.</summary>
    /// <returns>A multiple of 2^-24 in [0, 1).</returns>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>Returns a uniformly distributed number.</summary>
    /// <returns>A multiple of 2^-32 in [0, 1).</returns>
    public double NextDouble() => NextUInt32() * (1.0 / (1L << 32));

    /// <summary>Returns a uniformly distributed number from an interval.</summary>
    /// <param name="low">Lower bound, included.</param>
    /// <param name="high">Upper bound, excluded except for rounding.</param>
    public double NextDouble(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>Returns a normally distributed number with mean 0 and standard deviation 1 (Box-Muller).</summary>
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
/// Source of a game's random choices. A replay enumerates all possible choices instead of drawing them.
/// </summary>
internal interface IDraws
{
    /// <summary>Returns a random integer; all values are equally likely.</summary>
    /// <param name="below">Upper bound, excluded; 1 or more.</param>
    /// <returns>An integer in [0, below).</returns>
    int Next(int below);
}
