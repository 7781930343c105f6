using Temper.Robustness.Attacks;

namespace Temper.Robustness.Video;

/// <summary>The frames of one search: their order, and steps on some of them.</summary>
internal sealed class FrameSet
{
    private readonly Search _s;
    private readonly FrameAttack _attack;
    private readonly int _count;
    private readonly int _size;
    private readonly double[]? _fixed;

    internal FrameSet(Search s, FrameAttack attack)
    {
        (_s, _attack, _count) = (s, attack, s.Shape[0]);
        _size = s.Clean.Length / _count;
        _fixed = attack.Order switch
        {
            FrameOrder.Random => [.. Enumerable.Range(0, _count).Select(_ => s.Random.NextDouble())],
            FrameOrder.Energy => [.. Enumerable.Range(0, _count).Select(Energy)],
            _ => null,
        };
    }

    internal int Most => Math.Min(_attack.MaxFrames ?? _count, _count);

    /// <summary>Returns all frames in the order in which to try them; ties are broken by index.</summary>
    internal int[] Order()
    {
        double[] weight = _fixed ?? [.. Enumerable.Range(0, _count).Select(Salience)];
        return [.. Enumerable.Range(0, _count).OrderByDescending(frame => weight[frame]).ThenBy(frame => frame)];
    }

    /// <summary>x = clip(x + a sign g) on the given frames.</summary>
    internal void Step(IReadOnlyList<int> frames, double size)
    {
        foreach (int frame in frames)
        {
            Span<float> x = _s.X.AsSpan(frame * _size, _size);
            Perturbations.Ascend(Norm.Linf, x, _s.Gradient.AsSpan(frame * _size, _size), size);
            Perturbations.Project(Norm.Linf, x, _s.Clean.AsSpan(frame * _size, _size), _attack.Epsilon, _s.Bounds);
        }
    }

    /// <summary>Takes one step with the full radius.</summary>
    internal void FullStep(int frame) => Step([frame], _attack.Epsilon);

    internal void Copy(float[] from, int frame) => from.AsSpan(frame * _size, _size).CopyTo(_s.X.AsSpan(frame * _size));

    internal void Restore(int frame) => Copy(_s.Clean, frame);

    private double Salience(int frame) => Perturbations.Sum(_s.Gradient.AsSpan(frame * _size, _size));

    private double Energy(int frame)
    {
        int other = frame == 0 ? Math.Min(1, _count - 1) : frame - 1;
        ReadOnlySpan<float> one = _s.Clean.AsSpan(frame * _size, _size), two = _s.Clean.AsSpan(other * _size, _size);
        return Perturbations.Distance(Norm.L1, one, two);
    }
}
