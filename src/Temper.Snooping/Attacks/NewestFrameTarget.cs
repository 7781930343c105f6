using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Snooping.Attacks;

/// <summary>
/// A target of stacked frames as a target of the newest frame alone: an attack cannot change the older frames.
/// </summary>
/// <param name="inner">Target whose samples are stacks of frames.</param>
/// <param name="older">All values of the stack before the newest frame.</param>
/// <param name="frame">Shape of one frame.</param>
internal sealed class NewestFrameTarget(AttackTarget inner, float[] older, Shape frame) : WrappedTarget(inner)
{
    public override Shape SampleShape => frame;

    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits) =>
        Inner.Scores(Stacks(x, count), count, logits);

    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
    {
        float[] stacks = Stacks(x, count), whole = new float[stacks.Length];
        Inner.Gradient(stacks, count, logits, derivative, whole);
        int length = frame.Count;
        for (int row = 0; row < count; row++)
        {
            whole.AsSpan((row * (older.Length + length)) + older.Length, length).CopyTo(gradient[(row * length)..]);
        }
    }

    private float[] Stacks(ReadOnlySpan<float> x, int count)
    {
        int length = frame.Count, size = older.Length + length;
        float[] stacks = new float[count * size];
        for (int row = 0; row < count; row++)
        {
            older.CopyTo(stacks, row * size);
            x.Slice(row * length, length).CopyTo(stacks.AsSpan((row * size) + older.Length));
        }

        return stacks;
    }
}
