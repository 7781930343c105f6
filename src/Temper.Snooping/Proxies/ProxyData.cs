using Temper.Data;
using Temper.Snooping.Logs;
using Temper.Tensors;

namespace Temper.Snooping.Proxies;

/// <summary>
/// A supervised task made from a log: the target that a proxy should predict for the stack of frames of each usable
/// step.
/// </summary>
internal sealed record ProxyData
{
    internal required IStateLog Log { get; init; }

    /// <summary>Indices of the steps that have a target, ascending.</summary>
    internal required int[] Steps { get; init; }

    /// <summary>Class of each step of the log; null: the targets are numbers.</summary>
    internal long[]? Labels { get; init; }

    /// <summary>
    /// Writes the target of a step, <see cref="TargetLength"/> numbers; null: the targets are classes.
    /// </summary>
    internal Action<int, Span<float>>? Target { get; init; }

    /// <summary>Length of a numeric target.</summary>
    internal int TargetLength { get; init; }

    /// <summary>Number of outputs of the proxy.</summary>
    internal required int Outputs { get; init; }

    /// <summary>Names of the classes.</summary>
    internal IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Creates a data set from some of the steps.</summary>
    internal Dataset Part(string name, IEnumerable<int> steps) => new StepDataset(this, name, [.. steps]);

    /// <summary>Assembles stacks of frames on access, so that each frame is stored only once.</summary>
    private sealed class StepDataset(ProxyData data, string name, int[] steps) : Dataset
    {
        public override string Name => name;

        public override int Count => steps.Length;

        public override Shape SampleShape { get; } = data.Log.Stream.StackShape;

        public override IReadOnlyList<string> ClassNames => data.Classes;

        public override Shape? TargetShape { get; } = data.Labels is null ? Shape.Create(data.TargetLength) : null;

        public override void CopySample(int index, Span<float> sample) =>
            FrameHistory.Copy(data.Log, steps[index], sample);

        public override long Label(int index) => data.Labels![steps[index]];

        public override void CopyTarget(int index, Span<float> target) => data.Target!(steps[index], target);
    }
}
