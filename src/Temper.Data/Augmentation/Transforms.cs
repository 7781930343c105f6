using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Buffers;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Data.Augmentation;

/// <summary>Pads a picture with zeros and crops it to its original size at a random position.</summary>
/// <param name="Padding">Pixels on each side, 0 to 65,536.</param>
public sealed record RandomCrop(int Padding = 4) : SampleTransform
{
    /// <summary>Pixels on each side, 0 to 65,536.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of range.</exception>
    public int Padding { get; init => field = Pixels(value, nameof(RandomCrop)); } =
        Pixels(Padding, nameof(RandomCrop));

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => JsonSerializer.SerializeToNode(this, TransformsJson.Default.RandomCrop)!;

    /// <inheritdoc/>
    public override void Apply(Span<float> sample, Shape shape, RandomStream stream)
    {
        (int channels, int height, int width) = Picture(shape, nameof(RandomCrop));
        Span<uint> random = stackalloc uint[2];
        stream.FillSplit(nameof(RandomCrop), random);
        int down = Choose(random[0], (2 * Padding) + 1) - Padding;
        int right = Choose(random[1], (2 * Padding) + 1) - Padding;
        float[] copy = ArrayPool<float>.Shared.Rent(sample.Length);
        sample.CopyTo(copy);
        sample.Clear();
        int length = width - Math.Abs(right);
        for (int row = 0; row < channels * height && length > 0; row++)
        {
            int source = (row % height) + down;
            if ((uint)source < (uint)height)
            {
                int start = ((row / height * height) + source) * width;
                copy.AsSpan(start + Math.Max(right, 0), length).CopyTo(sample[((row * width) + Math.Max(-right, 0))..]);
            }
        }

        ArrayPool<float>.Shared.Return(copy);
    }
}

/// <summary>Flips a picture left to right with probability 0.5.</summary>
public sealed record HorizontalFlip : SampleTransform
{
    /// <inheritdoc/>
    public override JsonNode Fingerprint() =>
        JsonSerializer.SerializeToNode(this, TransformsJson.Default.HorizontalFlip)!;

    /// <inheritdoc/>
    public override void Apply(Span<float> sample, Shape shape, RandomStream stream)
    {
        (int channels, int height, int width) = Picture(shape, nameof(HorizontalFlip));
        Span<uint> random = stackalloc uint[1];
        stream.FillSplit(nameof(HorizontalFlip), random);
        if (Choose(random[0], 2) == 0)
        {
            return;
        }

        for (int row = 0; row < channels * height; row++)
        {
            sample.Slice(row * width, width).Reverse();
        }
    }
}

/// <summary>Subtracts the mean of each channel and divides by its standard deviation.</summary>
/// <param name="Mean">Mean per channel, in the units of the sample.</param>
/// <param name="Deviation">Standard deviation per channel, above 0.</param>
public sealed record Normalize(IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation) : SampleTransform
{
    /// <inheritdoc/>
    public override JsonNode Fingerprint() => JsonSerializer.SerializeToNode(this, TransformsJson.Default.Normalize)!;

    /// <inheritdoc/>
    public override void Apply(Span<float> sample, Shape shape, RandomStream stream)
    {
        (int channels, int height, int width) = Picture(shape, nameof(Normalize));
        if (Mean.Count != channels || Deviation.Count != channels)
        {
            throw new ArgumentException($"Normalize: the picture has another number of channels (got {Mean.Count} "
                + $"means and {Deviation.Count} deviations, expected {channels} of each)");
        }

        for (int c = 0; c < channels; c++)
        {
            if (!(Deviation[c] > 0))
            {
                throw new ArgumentException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Normalize: a deviation is out of range (got {Deviation[c]}, expected above 0)"));
            }

            foreach (ref float value in sample.Slice(c * height * width, height * width))
            {
                value = (value - Mean[c]) / Deviation[c];
            }
        }
    }
}

/// <summary>
/// Sets a square at a random position to zero (arXiv:1708.04552). The square is clipped at the border.
/// </summary>
/// <param name="Size">Side of the square, in pixels, 0 to 65,536.</param>
public sealed record Cutout(int Size) : SampleTransform
{
    /// <summary>Side of the square, in pixels, 0 to 65,536.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of range.</exception>
    public int Size { get; init => field = Pixels(value, nameof(Cutout)); } = Pixels(Size, nameof(Cutout));

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => JsonSerializer.SerializeToNode(this, TransformsJson.Default.Cutout)!;

    /// <inheritdoc/>
    public override void Apply(Span<float> sample, Shape shape, RandomStream stream)
    {
        (int channels, int height, int width) = Picture(shape, nameof(Cutout));
        Span<uint> random = stackalloc uint[2];
        stream.FillSplit(nameof(Cutout), random);
        int top = Choose(random[0], height) - (Size / 2);
        int left = Choose(random[1], width) - (Size / 2);
        int from = Math.Max(left, 0);
        int to = Math.Min(left + Size, width);
        for (int row = 0; row < channels * height; row++)
        {
            int h = row % height;
            if (h >= top && h < top + Size)
            {
                sample[((row * width) + from)..((row * width) + to)].Clear();
            }
        }
    }
}

/// <summary>Source-generated JSON serialization of the transforms' options.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Cutout))]
[JsonSerializable(typeof(HorizontalFlip))]
[JsonSerializable(typeof(Normalize))]
[JsonSerializable(typeof(RandomCrop))]
internal sealed partial class TransformsJson : JsonSerializerContext;
