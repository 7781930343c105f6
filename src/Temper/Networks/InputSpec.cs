using System.Globalization;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>One input of a network: its name, sample shape, dtype and value range.</summary>
public sealed record InputSpec
{
    /// <summary>Name of the input, by which nodes refer to it. Default: <c>input</c>.</summary>
    public string Name { get; init; } = "input";

    /// <summary>
    /// Shape of one sample, without the batch axis: <c>[C, H, W]</c> for an image, <c>[D]</c> for features. If the
    /// input is not batched, its full shape.
    /// </summary>
    public required Shape SampleShape { get; init; }

    /// <summary>
    /// True (default) if the input has a batch axis, of any length, in front of <see cref="SampleShape"/>. If false,
    /// the shape is fixed and the same values are used for every sample.
    /// </summary>
    public bool IsBatched { get; init; } = true;

    /// <summary>The dtype. Default: float32.</summary>
    public DType DType { get; init; } = DType.Float32;

    /// <summary>
    /// Smallest valid value, for example 0 for pixels. Default: negative infinity. Attacks keep their inputs at or
    /// above it.
    /// </summary>
    public float Minimum { get; init; } = float.NegativeInfinity;

    /// <summary>
    /// Largest valid value, for example 1 or 255 for pixels. Default: positive infinity. Attacks keep their inputs at
    /// or below it.
    /// </summary>
    public float Maximum { get; init; } = float.PositiveInfinity;

    /// <summary>Creates an image input with float32 pixels.</summary>
    /// <param name="channels">Number of channels, C.</param>
    /// <param name="height">Height H, in pixels.</param>
    /// <param name="width">Width W, in pixels.</param>
    /// <param name="min">Smallest valid pixel value.</param>
    /// <param name="max">Largest valid pixel value.</param>
    /// <param name="name">Name of the input.</param>
    public static InputSpec Image(
        int channels, int height, int width, float min = 0, float max = 1, string name = "input") =>
        new() { Name = name, SampleShape = [channels, height, width], Minimum = min, Maximum = max };

    /// <summary>Creates an input of float32 features.</summary>
    /// <param name="count">Number of features, D.</param>
    /// <param name="min">Smallest valid value.</param>
    /// <param name="max">Largest valid value.</param>
    /// <param name="name">Name of the input.</param>
    public static InputSpec Features(
        int count, float min = float.NegativeInfinity, float max = float.PositiveInfinity, string name = "input") =>
        new() { Name = name, SampleShape = [count], Minimum = min, Maximum = max };

    /// <summary>
    /// Returns the shape of a batch, <c>[N, ...]</c>, or the fixed shape if the input is not batched.
    /// </summary>
    internal Shape BatchShape(int batch) => IsBatched ? Shape.Create([batch, .. SampleShape.AsSpan()]) : SampleShape;

    /// <summary>Shape (for a batch of one), dtype and batch axis of the input.</summary>
    internal ValueInfo Info => new(BatchShape(1), DType, IsBatched);

    /// <summary>Throws if the name, shape or bounds are invalid.</summary>
    internal void Check()
    {
        Names.Check(Name, "an input");
        if (IsBatched && SampleShape.Count == 0)
        {
            throw new ArgumentException(
                $"Network: input '{Name}' has no elements (got sample shape {SampleShape}); make every axis 1 or "
                + "longer");
        }

        if (!(Minimum <= Maximum))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"Network: input '{Name}': invalid bounds (got minimum {Minimum} and maximum {Maximum}, expected "
                + $"minimum <= maximum)"));
        }
    }
}
