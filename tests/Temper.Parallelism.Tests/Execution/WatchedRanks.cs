using Temper.Data;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Tests.Execution;

/// <summary>Ranks that record their gradients after each step.</summary>
/// <param name="inner">Ranks that do the work.</param>
/// <param name="reverses">
/// Whether the samples of each batch are reversed: the same run, except for the order of its sums.
/// </param>
internal sealed class WatchedRanks(TrainingRanks inner, bool reverses = false) : TrainingRanks, IDisposable
{
    /// <summary>Gradients of each step, concatenated over all parameters.</summary>
    internal List<float[]> Steps { get; } = [];

    public override BatchPart Part => inner.Part;

    public override RandomStream StreamOf(RandomStream stream) => inner.StreamOf(stream);

    public override GradientRequest Request(GradientRequest request) => inner.Request(request);

    public override void Sum(Span<double> values) => inner.Sum(values);

    public override void Reduce(Gradients gradients)
    {
        inner.Reduce(gradients);
        Steps.Add([.. gradients.Parameters.SelectMany(name => gradients[name].ToArray())]);
    }

    public override Batch Share(Batch batch, int samples) => reverses
        ? batch with { Inputs = Reversed<float>(batch.Inputs), Targets = Reversed<long>(batch.Targets) }
        : batch;

    public void Dispose() => (inner as IDisposable)?.Dispose();

    private static Tensor Reversed<T>(Tensor samples)
        where T : unmanaged
    {
        int size = samples.Count / samples.Shape[0];
        T[] values = [.. samples.ToArray<T>().Chunk(size).Reverse().SelectMany(sample => sample)];
        return Tensor.From<T>(values, samples.Shape);
    }
}
