namespace Temper.Reinforcement.Environments;

/// <summary>
/// The last frames that an agent observed, oldest first, concatenated along the first axis: <c>[K C, H, W]</c> or <c>[K
/// D]</c>.
/// </summary>
/// <param name="frame">Length of one frame.</param>
/// <param name="count">Number of frames, K.</param>
internal sealed class FrameStack(int frame, int count)
{
    private readonly float[] _values = new float[frame * count];

    internal int Length => _values.Length;

    /// <summary>Buffer of the newest frame.</summary>
    internal Span<float> Newest => _values.AsSpan(_values.Length - frame);

    internal ReadOnlySpan<float> Values => _values;

    /// <summary>Moves all frames back by one and drops the oldest, to make room for a new frame.</summary>
    internal void Advance()
    {
        if (count > 1)
        {
            _values.AsSpan(frame).CopyTo(_values);
        }
    }

    /// <summary>Fills the stack with the newest frame; used after a reset.</summary>
    internal void Repeat()
    {
        for (int i = 0; i < count - 1; i++)
        {
            Newest.CopyTo(_values.AsSpan(i * frame));
        }
    }
}
