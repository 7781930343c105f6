using System.Text.Json.Nodes;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Data.Augmentation;

/// <summary>A change to one sample, decided by a stream that belongs to the sample and the epoch.</summary>
public abstract record SampleTransform : IFingerprinted
{
    /// <summary>Changes a sample in place.</summary>
    /// <param name="sample">Row-major values.</param>
    /// <param name="shape">Shape of the sample, <c>[C, H, W]</c> for pictures.</param>
    /// <param name="stream">Decides.</param>
    public abstract void Apply(Span<float> sample, Shape shape, RandomStream stream);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();

    /// <summary>A number 0 to <paramref name="count"/> - 1, each as likely as the others but for 2^-32 or so.</summary>
    /// <param name="word">A random word.</param>
    /// <param name="count">How many numbers.</param>
    private protected static int Choose(uint word, int count) => (int)(((ulong)word * (uint)count) >> 32);

    private protected static (int Channels, int Height, int Width) Picture(Shape shape, string name) => shape.Rank == 3
        ? (shape[0], shape[1], shape[2])
        : throw new ShapeMismatchException(name, shape, "a picture [C, H, W]");
}
