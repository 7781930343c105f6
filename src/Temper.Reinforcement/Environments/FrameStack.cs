namespace Temper.Reinforcement.Environments;

/// <summary>
/// The agent's memory of the last frames: the oldest first, each with all its channels, <c>[K C, H, W]</c> or
/// <c>[K D]</c>.
/// </summary>
/// <param name="frame">Numbers of one frame.</param>
/// <param name="count">K, how many frames.</param>
internal sealed class FrameStack(int frame, int count)
{
    private readonly float[] _values = new float[frame * count];

    internal int Length => _values.Length;

    /// <summary>Where the newest frame lies.</summary>
    internal Span<float> Newest => _values.AsSpan(_values.Length - frame);

    internal ReadOnlySpan<float> Values => _values;

    /// <summary>Makes room for a new frame by dropping the oldest.</summary>
    internal void Advance()
    {
        if (count > 1)
        {
            _values.AsSpan(frame).CopyTo(_values);
        }
    }

    /// <summary>After a reset the first frame stands for those that were not seen.</summary>
    internal void Repeat()
    {
        for (int i = 0; i < count - 1; i++)
        {
            Newest.CopyTo(_values.AsSpan(i * frame));
        }
    }
}
