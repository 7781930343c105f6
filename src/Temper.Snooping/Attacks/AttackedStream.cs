using Temper.Randomness;

namespace Temper.Snooping.Attacks;

/// <summary>State of one stream: its stack of frames as the agent sees it, and buffers.</summary>
internal sealed class AttackedStream(int length, RandomStream random)
{
    internal RandomStream Random => random;

    internal float[] Stack { get; } = new float[length];

    internal float[] Clean { get; } = new float[length];

    internal float[] Gradient { get; } = new float[length];

    internal float[] Direction { get; } = new float[length];

    internal long Count { get; set; }

    /// <summary>Current threshold of the timing rule.</summary>
    internal double Threshold { get; set; }
}
