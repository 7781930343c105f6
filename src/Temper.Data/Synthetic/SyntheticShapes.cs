using Temper.Randomness;

namespace Temper.Data.Synthetic;

/// <summary>
/// Generated pictures of shapes, one shape per class, with varying position, size, brightness and noise. No download
/// needed.
/// </summary>
public static class SyntheticShapes
{
    /// <summary>Creates a data set.</summary>
    /// <param name="count">Number of pictures; picture i has class i modulo <paramref name="classes"/>.</param>
    /// <param name="classes">Number of classes, 2 to 10.</param>
    /// <param name="size">Height and width in pixels, 8 or more.</param>
    /// <param name="channels">Number of channels, 1 to 3.</param>
    /// <param name="stream">Random stream of the pictures.</param>
    public static ImageDataset Draw(int count, int classes, int size, int channels, RandomStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classes, 10);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 8);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(channels, 3);
        byte[] pixels = new byte[checked(count * channels * size * size)];
        byte[] labels = new byte[count];
        for (int i = 0; i < count; i++)
        {
            labels[i] = (byte)(i % classes);
            DrawOne(
                pixels.AsSpan(i * channels * size * size, channels * size * size), labels[i], size, channels,
                stream.Split(i).Cursor());
        }

        return new ImageDataset("synth:shapes", [channels, size, size], pixels, labels, [.. Names[..classes]]);
    }

    private static readonly string[] Names =
        [
            "disk", "square", "ring", "cross", "triangle", "horizontal bars", "vertical bars", "diagonal", "frame",
            "checkers",
        ];

    private static void DrawOne(Span<byte> picture, int figure, int size, int channels, RandomCursor random)
    {
        float radius = size * random.NextSingle(0.22f, 0.36f);
        float x0 = (size / 2f) + (size * random.NextSingle(-0.12f, 0.12f));
        float y0 = (size / 2f) + (size * random.NextSingle(-0.12f, 0.12f));
        Span<float> bright = stackalloc float[channels];
        FillBrightness(bright, random);
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                float inside = Inside(figure, (x + 0.5f - x0) / radius, (y + 0.5f - y0) / radius) ? 1 : 0;
                for (int c = 0; c < channels; c++)
                {
                    float value = (inside * bright[c]) + (40 * random.NextSingle());
                    picture[(((c * size) + y) * size) + x] = (byte)Math.Clamp(value, 0, 255);
                }
            }
        }

        static void FillBrightness(Span<float> values, RandomCursor random)
        {
            foreach (ref float value in values)
            {
                value = random.NextSingle(110, 215);
            }
        }
    }

    /// <summary>Whether a point is inside a shape, in coordinates scaled to about -1 to 1.</summary>
    private static bool Inside(int figure, float x, float y)
    {
        (float ax, float ay, float r) = (Math.Abs(x), Math.Abs(y), MathF.Sqrt((x * x) + (y * y)));
        bool box = ax < 0.9f && ay < 0.9f;
        return figure switch
        {
            0 => r < 1,
            1 => box,
            2 => r is < 1 and > 0.6f,
            3 => (ax < 0.3f && ay < 1) || (ay < 0.3f && ax < 1),
            4 => y is > -0.9f and < 0.8f && ax < (y + 0.9f) * 0.6f,
            5 => box && (int)MathF.Floor((y + 4) * 2.5f) % 2 == 0,
            6 => box && (int)MathF.Floor((x + 4) * 2.5f) % 2 == 0,
            7 => box && Math.Abs(x - y) < 0.45f,
            8 => box && (ax > 0.55f || ay > 0.55f),
            _ => box && ((int)MathF.Floor((x + 4) * 1.7f) + (int)MathF.Floor((y + 4) * 1.7f)) % 2 == 0,
        };
    }
}
