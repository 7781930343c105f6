namespace Temper.Robustness.Attacks;

/// <summary>
/// Everyday changes of pictures (after arXiv:1903.12261) in five strengths each: noise, blur, contrast, brightness,
/// coarse frequencies as JPEG leaves them, rotation, translation. The floor under every attack: what no enemy is needed
/// for.
/// </summary>
public sealed record Corruptions : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "corruptions";

    /// <inheritdoc/>
    public override Access Needs => Access.Decisions;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    internal override IReadOnlyList<Norm> Norms => [Norm.L2, Norm.Linf, Norm.L1];

    internal override IEnumerable<Ask> Find(Search s)
    {
        if (s.Shape.Rank != 3)
        {
            throw new NotSupportedException($"corruptions: needs pictures [C, H, W] (got {s.Shape})");
        }

        var pictures = new CorruptedPictures(s);
        foreach (Action<int> family in pictures.Families)
        {
            for (int strength = 1; strength <= 5; strength++)
            {
                s.Stage = family.Method.Name;
                family(strength);
                Perturbations.Clip(s.X, s.Low, s.High);
                yield return Ask.Scores;
            }
        }
    }
}

/// <summary>The changes themselves; each puts a changed picture into the search's point.</summary>
internal sealed class CorruptedPictures
{
    private readonly Search _s;
    private readonly int _channels;
    private readonly int _height;
    private readonly int _width;
    private readonly float _range;

    internal CorruptedPictures(Search s)
    {
        (_s, _channels, _height, _width, _range) = (s, s.Shape[0], s.Shape[1], s.Shape[2], s.High - s.Low);
        Families = [Noise, Blur, Contrast, Brightness, Coarse, Rotation, Translation];
    }

    internal IReadOnlyList<Action<int>> Families { get; }

    private void Noise(int strength)
    {
        for (int i = 0; i < _s.X.Length; i++)
        {
            _s.X[i] = _s.Clean[i] + (_s.Random.NextGaussian() * 0.06f * strength * _range);
        }
    }

    private void Contrast(int strength)
    {
        float mean = _s.Clean.Average(), factor = 1 - (0.17f * strength);
        Each((c, y, x) => mean + ((At(c, y, x) - mean) * factor));
    }

    private void Brightness(int strength) => Each((c, y, x) => At(c, y, x) + (0.1f * strength * _range));

    private void Blur(int strength)
    {
        double sigma = 0.4 * strength;
        int reach = (int)Math.Ceiling(3 * sigma);
        double[] weights = [.. Enumerable.Range(-reach, (2 * reach) + 1).Select(
            k => Math.Exp(-k * k / (2 * sigma * sigma)))];
        double sum = weights.Sum();
        float[] rows = new float[_s.X.Length];
        Each((c, y, x) => (float)(Enumerable.Range(-reach, weights.Length).Sum(k =>
            weights[k + reach] * At(c, y, Math.Clamp(x + k, 0, _width - 1))) / sum));
        _s.X.CopyTo(rows, 0);
        Each((c, y, x) => (float)(Enumerable.Range(-reach, weights.Length).Sum(k =>
            weights[k + reach] * rows[Index(c, Math.Clamp(y + k, 0, _height - 1), x)]) / sum));
    }

    private void Rotation(int strength)
    {
        double angle = 6 * strength * Math.PI / 180, cos = Math.Cos(angle), sin = Math.Sin(angle),
            cy = (_height - 1) / 2.0, cx = (_width - 1) / 2.0;
        Each(
            (c, y, x) => Sample(c, cy + (cos * (y - cy)) - (sin * (x - cx)), cx + (sin * (y - cy)) + (cos * (x - cx))));
    }

    private void Translation(int strength)
    {
        double way = 0.03 * strength * Math.Min(_height, _width);
        Each((c, y, x) => Sample(c, y - way, x - way));
    }

    /// <summary>
    /// Cosine transform of 8x8 blocks, high frequencies left out: one diagonal more with each strength.
    /// </summary>
    private void Coarse(int strength)
    {
        int kept = 8 - strength;
        _s.Clean.CopyTo(_s.X, 0);
        for (int c = 0; c < _channels; c++)
        {
            for (int top = 0; top < _height; top += 8)
            {
                for (int left = 0; left < _width; left += 8)
                {
                    CoarseBlock(c, top, left, kept);
                }
            }
        }
    }

    private void CoarseBlock(int c, int top, int left, int kept)
    {
        int height = Math.Min(8, _height - top), width = Math.Min(8, _width - left);
        double[] sum = new double[height * width];
        for (int v = 0; v < height; v++)
        {
            for (int u = 0; u < width && u + v < kept; u++)
            {
                double part = 0;
                for (int i = 0; i < sum.Length; i++)
                {
                    part += At(c, top + (i / width), left + (i % width)) * Wave(v, i / width, height) * Wave(
                        u, i % width, width);
                }

                for (int i = 0; i < sum.Length; i++)
                {
                    sum[i] += part * Wave(v, i / width, height) * Wave(u, i % width, width);
                }
            }
        }

        for (int i = 0; i < sum.Length; i++)
        {
            _s.X[Index(c, top + (i / width), left + (i % width))] = (float)sum[i];
        }

        static double Wave(int k, int position, int length) =>
            Math.Sqrt((k == 0 ? 1.0 : 2.0) / length) * Math.Cos(Math.PI * (position + 0.5) * k / length);
    }

    private int Index(int c, int y, int x) => (((c * _height) + y) * _width) + x;

    private float At(int c, int y, int x) => _s.Clean[Index(c, y, x)];

    /// <summary>Linear interpolation; outside, the smallest value.</summary>
    private float Sample(int c, double y, double x)
    {
        int top = (int)Math.Floor(y), left = (int)Math.Floor(x);
        double below = y - top, right = x - left;
        return (float)((((Value(top, left) * (1 - right)) + (Value(top, left + 1) * right)) * (1 - below))
            + (((Value(top + 1, left) * (1 - right)) + (Value(top + 1, left + 1) * right)) * below));

        double Value(int v, int u) => v >= 0 && v < _height && u >= 0 && u < _width ? At(c, v, u) : _s.Low;
    }

    private void Each(Func<int, int, int, float> value)
    {
        for (int i = 0; i < _s.X.Length; i++)
        {
            _s.X[i] = value(i / (_height * _width), i / _width % _height, i % _width);
        }
    }
}
