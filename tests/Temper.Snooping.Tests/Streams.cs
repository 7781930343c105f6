using Temper.Randomness;
using Temper.Snooping.Logs;
using Temper.Tensors;

namespace Temper.Snooping.Tests;

/// <summary>
/// Small streams with a known rule: an agent steers a walker along the bottom row of a grid while a ball falls
/// diagonally.
/// </summary>
internal static class Streams
{
    internal const int Size = 8;

    internal static StreamInfo Grid { get; } = new(Shape.Create(2, Size, Size), 1, 0, 1, 3, "test");

    /// <summary>
    /// The agent moves towards the ball's column: action 0 stays, 1 goes left, 2 goes right. Each step with both in the
    /// same column scores one point.
    /// </summary>
    internal static IStateLog Catch(ThreatModel threat, int steps, ulong seed = 1, int frames = 1)
    {
        StreamInfo stream = Grid with { Frames = frames };
        var recorder = new SnoopRecorder(stream, threat, steps);
        float[] observation = new float[stream.FrameShape.Count];
        RandomCursor random = RandomStream.FromSeed(seed).Cursor();
        while (!recorder.IsFull)
        {
            int ball = (int)(random.NextUInt32() % Size), step = 1 - (2 * (int)(random.NextUInt32() % 2)), walker = (int)(random.NextUInt32() % Size);
            for (int row = 0; row < Size && !recorder.IsFull; row++)
            {
                Array.Clear(observation);
                observation[((Size - 1) * Size) + walker] = 1;
                observation[(Size * Size) + (row * Size) + ball] = 1;
                recorder.Observe(observation, isFirst: row == 0);
                int action = ball < walker ? 1 : ball > walker ? 2 : 0;
                recorder.Act(action, ball == walker ? 1 : 0);
                walker += action == 1 ? -1 : action == 2 ? 1 : 0;
                step = ball + step is < 0 or >= Size ? -step : step;
                ball += step;
            }
        }

        return recorder.ToLog();
    }
}
