using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Describes plans.</summary>
internal static class PlanReport
{
    /// <summary>
    /// Multiplications of a lane in a second, where nothing is waited for: what predictions take for full speed.
    /// </summary>
    private const double FullSpeed = 2 * 3e9;

    /// <param name="graph">The layers.</param>
    /// <param name="plan">Their plan.</param>
    /// <param name="batch">Samples.</param>
    /// <param name="time">For how long to measure; zero: not at all.</param>
    internal static InferencePlan Of(LayerGraph graph, BatchPlan plan, int batch, TimeSpan time)
    {
        if (plan.PartsOf(batch) == 1)
        {
            return new InferencePlan { Batch = batch, PartSize = batch, Steps = Steps(graph, plan.Steps, batch, time) };
        }

        // A part has one thread.
        using var pool = new WorkerPool(threads: 1);
        using WorkerPool.Usage usage = pool.Use();
        return new InferencePlan
        {
            Batch = batch, PartSize = plan.PartSize, Steps = Steps(graph, plan.Steps, plan.PartSize, time),
        };
    }

    private static IReadOnlyList<InferenceStep> Steps(LayerGraph graph, ExecutionPlan plan, int batch, TimeSpan time)
    {
        double[]? seconds = time > TimeSpan.Zero ? PlanTiming.Measure(plan, batch, time) : null;
        return [.. plan.Steps.Select((step, i) => Step(graph, step, batch) with { Seconds = seconds?[i] })];
    }

    private static InferenceStep Step(LayerGraph graph, PlannedStep step, int batch) => new()
    {
        Name = step.Layer?.Name ?? "",
        Kind = step.Layer?.Kind ?? "order",
        Kernel = step.Step.Kernel,
        Order = step.Step.Writes.ToString(),
        Sparsity = step.Layer?.Weights is { } weights ? Zeros(weights) : null,
        Macs = (step.Layer?.Macs ?? 0) * (step.Layer is { } layer && graph.Values[layer.Output].IsBatched ? batch : 1),
        WeightBytes = step.Step.WeightFloats * sizeof(float),
        PredictedSeconds =
            Cost(graph, step, batch) / (FullSpeed * Math.Max(1, (int)Simd.Active / 32) * WorkerPool.Current.Threads),
    };

    /// <summary>
    /// Plans know the costs for the smallest batch of their class; changes of the layout have theirs here.
    /// </summary>
    private static double Cost(LayerGraph graph, PlannedStep step, int batch) => step.MovedValue < 0
        ? step.Cost * batch / BatchClass.Of(batch)
        : CandidateForms.CostOfMoving * LayerGraph.Count(graph.Values[step.MovedValue], batch);

    private static double Zeros(Tensor weights)
    {
        ReadOnlySpan<float> values = weights.AsSpan<float>();
        return values.Count(0f) / (double)Math.Max(values.Length, 1);
    }
}
