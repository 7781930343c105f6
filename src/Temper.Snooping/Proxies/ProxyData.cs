using Temper.Data;
using Temper.Snooping.Logs;
using Temper.Tensors;

namespace Temper.Snooping.Proxies;

/// <summary>
/// A supervised task made of a log: for each usable step what a proxy is to say of its stack of frames.
/// </summary>
internal sealed record ProxyData
{
    internal required IStateLog Log { get; init; }

    /// <summary>Steps that have a target, ascending.</summary>
    internal required int[] Steps { get; init; }

    /// <summary>Classes by step of the log; null: targets are numbers.</summary>
    internal long[]? Labels { get; init; }

    /// <summary>Gives the target of a step, <see cref="TargetLength"/> numbers; null: targets are classes.</summary>
    internal Action<int, Span<float>>? Target { get; init; }

    /// <summary>Numbers of a target.</summary>
    internal int TargetLength { get; init; }

    /// <summary>Outputs of the proxy.</summary>
    internal required int Outputs { get; init; }

    /// <summary>Names of the classes.</summary>
    internal IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Some of the steps as a data set.</summary>
    internal Dataset Part(string name, IEnumerable<int> steps) => new StepDataset(this, name, [.. steps]);

    /// <summary>Stacks of frames are put together when they are read, so that a log is held once.</summary>
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
