using Temper.Tensors;

namespace Temper.Networks;

/// <summary>One input of a network: a name, the shape of one sample, its dtype, and the bounds of its values.</summary>
public sealed record InputSpec
{
    /// <summary>Name of the input; nodes refer to it.</summary>
    public string Name { get; init; } = "input";

    /// <summary>
    /// Shape of one sample, without the batch axis: <c>[C, H, W]</c> for an image, <c>[D]</c> for features. The whole
    /// shape where the input is not batched.
    /// </summary>
    public required Shape SampleShape { get; init; }

    /// <summary>
    /// Whether the input has a batch axis before <see cref="SampleShape"/>, free in length; true unless said otherwise.
    /// An input without one has a fixed shape and goes into every sample alike.
    /// </summary>
    public bool IsBatched { get; init; } = true;

    /// <summary>The dtype; float32 unless said otherwise.</summary>
    public DType DType { get; init; } = DType.Float32;

    /// <summary>Smallest valid value, for example 0 for pixels. Attacks stay above it.</summary>
    public float Minimum { get; init; } = float.NegativeInfinity;

    /// <summary>Largest valid value, for example 1 or 255 for pixels.</summary>
    public float Maximum { get; init; } = float.PositiveInfinity;

    /// <summary>An image of float32 pixels.</summary>
    /// <param name="channels">C.</param>
    /// <param name="height">H, in pixels.</param>
    /// <param name="width">W, in pixels.</param>
    /// <param name="min">Value of the darkest pixel.</param>
    /// <param name="max">Value of the brightest pixel.</param>
    /// <param name="name">Name of the input.</param>
    public static InputSpec Image(
        int channels, int height, int width, float min = 0, float max = 1, string name = "input") =>
        new() { Name = name, SampleShape = [channels, height, width], Minimum = min, Maximum = max };

    /// <summary>A row of numbers.</summary>
    /// <param name="count">D, how many.</param>
    /// <param name="min">Smallest value.</param>
    /// <param name="max">Largest value.</param>
    /// <param name="name">Name of the input.</param>
    public static InputSpec Features(
        int count, float min = float.NegativeInfinity, float max = float.PositiveInfinity, string name = "input") =>
        new() { Name = name, SampleShape = [count], Minimum = min, Maximum = max };

    /// <summary>The shape of a batch: <c>[N, ...]</c>; the fixed shape of an input that is not batched.</summary>
    internal Shape BatchShape(int batch) => IsBatched ? Shape.Create([batch, .. SampleShape.AsSpan()]) : SampleShape;

    /// <summary>The input as a value, for a batch of one.</summary>
    internal ValueInfo Info => new(BatchShape(1), DType, IsBatched);

    /// <summary>Throws unless the parts fit each other.</summary>
    internal void Check()
    {
        Names.Check(Name, "an input");
        if (IsBatched && SampleShape.Count == 0)
        {
            throw new ArgumentException(
                $"Network: input '{Name}' has no elements (got sample shape {SampleShape}); give every axis a length");
        }

        if (!(Minimum <= Maximum))
        {
            throw new ArgumentException(
                $"Network: input '{Name}': bounds do not fit (got minimum {Minimum} and maximum {Maximum}); the "
                + "minimum comes first");
        }
    }
}
