using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Data.Augmentation;

/// <summary>Changes one sample at random, with a random stream derived from the epoch and the sample.</summary>
public abstract record SampleTransform : IFingerprinted
{
    /// <summary>Changes a sample in place.</summary>
    /// <param name="sample">Row-major values.</param>
    /// <param name="shape">Shape of the sample, <c>[C, H, W]</c> for pictures.</param>
    /// <param name="stream">The stream from which all random choices are drawn.</param>
    public abstract void Apply(Span<float> sample, Shape shape, RandomStream stream);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();

    /// <summary>Returns a nearly uniform integer from 0 to <paramref name="count"/> - 1 (bias below 2^-32).</summary>
    /// <param name="word">A random 32-bit word.</param>
    /// <param name="count">Number of possible results.</param>
    private protected static int Choose(uint word, int count) => (int)(((ulong)word * (uint)count) >> 32);

    /// <summary>Returns a number of pixels; throws unless it is 0 to 65,536.</summary>
    private protected static int Pixels(int value, string name) => value is >= 0 and <= 1 << 16
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: the number of pixels is out of range (got {value}, expected 0 to 65536)"));

    private protected static (int Channels, int Height, int Width) Picture(Shape shape, string name) => shape.Rank == 3
        ? (shape[0], shape[1], shape[2])
        : throw new ShapeMismatchException(name, shape, "a picture [C, H, W]");
}
