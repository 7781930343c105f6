using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Data.Video;

/// <summary>
/// Generated clips of a moving textured picture with shapes. Classes differ only in the motion, so the class cannot be
/// inferred from a single frame. No download needed.
/// </summary>
public sealed class SyntheticActions : Dataset
{
    private static readonly string[] Names =
    [
        "left", "right", "up", "down", "turn left", "turn right", "zoom in", "zoom out", "shear", "still",
    ];

    private readonly byte[] _pixels;
    private readonly int _classes;

    /// <summary>Creates a data set.</summary>
    /// <param name="count">Number of clips; clip i has class i modulo <paramref name="classes"/>.</param>
    /// <param name="classes">
    /// Number of classes, 2 to 10, in this order: left, right, up, down, turn left, turn right, zoom in, zoom out,
    /// shear, still.
    /// </param>
    /// <param name="frames">Frames per clip, 2 or more.</param>
    /// <param name="size">Height and width in pixels, 8 or more.</param>
    /// <param name="stream">Random stream of the clips.</param>
    public SyntheticActions(int count, int classes, int frames, int size, RandomStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classes, Names.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 8);
        (_classes, Count, SampleShape) = (classes, count, [frames, 3, size, size]);
        _pixels = new byte[checked(count * SampleShape.Count)];
        for (int i = 0; i < count; i++)
        {
            RandomCursor random = stream.Split(i).Cursor();
            var scene = new MovingPicture(size, random);
            scene.Draw(Motion.Of(Names[i % classes], size, random), frames, random, _pixels.AsSpan(
                i * SampleShape.Count, SampleShape.Count));
        }
    }

    /// <inheritdoc/>
    public override string Name => "synth:actions";

    /// <inheritdoc/>
    public override int Count { get; }

    /// <summary>Shape of a clip, <c>[T, 3, H, W]</c>.</summary>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => Names[.._classes];

    /// <inheritdoc/>
    public override void CopySample(int index, Span<float> sample)
    {
        ReadOnlySpan<byte> from = _pixels.AsSpan(index * SampleShape.Count, SampleShape.Count);
        for (int i = 0; i < sample.Length; i++)
        {
            sample[i] = from[i] / 255f;
        }
    }

    /// <inheritdoc/>
    public override long Label(int index) => index % _classes;

    /// <summary>Affine motion over time: maps a pixel of a frame to its position in the picture.</summary>
    private readonly record struct Motion(double X, double Y, double Angle, double Zoom, double Shear)
    {
        internal static Motion Of(string name, int size, RandomCursor random)
        {
            double speed = random.NextSingle(0.02f, 0.05f) * size, slow = random.NextSingle(0.03f, 0.07f);
            return name switch
            {
                "left" => new(speed, 0, 0, 0, 0),
                "right" => new(-speed, 0, 0, 0, 0),
                "up" => new(0, speed, 0, 0, 0),
                "down" => new(0, -speed, 0, 0, 0),
                "turn left" => new(0, 0, slow, 0, 0),
                "turn right" => new(0, 0, -slow, 0, 0),
                "zoom in" => new(0, 0, 0, -slow, 0),
                "zoom out" => new(0, 0, 0, slow, 0),
                "shear" => new(0, 0, 0, 0, slow * 1.5),
                _ => default,
            };
        }

        internal (double X, double Y) At(double x, double y, double time)
        {
            double zoom = Math.Exp(Zoom * time), cos = Math.Cos(Angle * time) * zoom,
                sin = Math.Sin(Angle * time) * zoom, sheared = x + (Shear * time * y);
            return ((cos * sheared) - (sin * y) + (X * time), (sin * sheared) + (cos * y) + (Y * time));
        }
    }

    /// <summary>A picture three times as wide and high as a frame, repeated periodically.</summary>
    private sealed class MovingPicture
    {
        private const int Figures = 14;

        private readonly int _frame;
        private readonly int _size;
        private readonly float[] _values;

        internal MovingPicture(int size, RandomCursor random)
        {
            (_frame, _size) = (size, 3 * size);
            _values = new float[3 * _size * _size];
            Texture(random);
            for (int i = 0; i < Figures; i++)
            {
                Figure(random);
            }
        }

        internal void Draw(Motion motion, int frames, RandomCursor random, Span<byte> clip)
        {
            double middle = (_frame - 1) / 2.0;
            int at = 0;
            for (int frame = 0; frame < frames; frame++)
            {
                for (int channel = 0; channel < 3; channel++)
                {
                    for (int i = 0; i < _frame * _frame; i++)
                    {
                        // The middle frame has no motion, so it is independent of the class.
                        (double x, double y) =
                            motion.At((i % _frame) - middle, (i / _frame) - middle, frame - (frames / 2));
                        clip[at++] = (byte)Math.Clamp(
                            Value(channel, x + (_size / 2.0), y + (_size / 2.0)) + random.NextSingle(-2, 2), 0, 255);
                    }
                }
            }
        }

        /// <summary>Adds waves of several lengths and directions to each channel.</summary>
        private void Texture(RandomCursor random)
        {
            for (int wave = 0; wave < 6; wave++)
            {
                double turns = random.NextSingle(2, 11), angle = random.NextSingle(0, MathF.PI),
                    phase = random.NextSingle(0, 6.28f);
                double kx = 2 * Math.PI * turns * Math.Cos(angle) / _size,
                    ky = 2 * Math.PI * turns * Math.Sin(angle) / _size;
                float[] strength = [random.NextSingle(-22, 22), random.NextSingle(-22, 22), random.NextSingle(-22, 22)];
                for (int i = 0; i < _size * _size; i++)
                {
                    float value = (float)Math.Cos((kx * (i % _size)) + (ky * (i / _size)) + phase);
                    for (int channel = 0; channel < 3; channel++)
                    {
                        _values[(channel * _size * _size) + i] += (value * strength[channel]) + (wave == 0 ? 120 : 0);
                    }
                }
            }
        }

        /// <summary>Draws a disk or a square in one color with an antialiased edge.</summary>
        private void Figure(RandomCursor random)
        {
            double x0 = random.NextSingle(0, _size), y0 = random.NextSingle(0, _size),
                radius = random.NextSingle(0.08f, 0.25f) * _frame;
            bool isDisk = random.NextSingle() < 0.5f;
            float[] color = [random.NextSingle(20, 235), random.NextSingle(20, 235), random.NextSingle(20, 235)];
            for (int y = (int)Math.Max(0, y0 - radius - 1); y < Math.Min(_size, y0 + radius + 2); y++)
            {
                for (int x = (int)Math.Max(0, x0 - radius - 1); x < Math.Min(_size, x0 + radius + 2); x++)
                {
                    double dx = x - x0, dy = y - y0,
                        distance = isDisk ? Math.Sqrt((dx * dx) + (dy * dy)) : Math.Max(Math.Abs(dx), Math.Abs(dy));
                    float part = (float)Math.Clamp(radius - distance + 0.5, 0, 1);
                    for (int channel = 0; channel < 3; channel++)
                    {
                        ref float value = ref _values[(((channel * _size) + y) * _size) + x];
                        value += part * (color[channel] - value);
                    }
                }
            }
        }

        private float Value(int channel, double x, double y)
        {
            int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
            float right = (float)(x - left), below = (float)(y - top);
            float above = (At(left, top) * (1 - right)) + (At(left + 1, top) * right),
                under = (At(left, top + 1) * (1 - right)) + (At(left + 1, top + 1) * right);
            return (above * (1 - below)) + (under * below);

            float At(int column, int row) => _values[(((channel * _size) + Inside(row)) * _size) + Inside(column)];
        }

        private int Inside(int place) => ((place % _size) + _size) % _size;
    }
}
