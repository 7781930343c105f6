using Temper.Kernels;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Creates descriptions of plans.</summary>
internal static class PlanReport
{
    /// <summary>
    /// Assumed peak number of fused multiply-adds per vector lane and second, used for predicted times.
    /// </summary>
    private const double FullSpeed = 2 * 3e9;

    /// <summary>Describes a plan.</summary>
    /// <param name="graph">The layers.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="time">Duration of the measurement; zero: no measurement.</param>
    internal static InferencePlan Of(LayerGraph graph, BatchPlan plan, int batch, TimeSpan time)
    {
        if (plan.PartsOf(batch) == 1)
        {
            return new InferencePlan { Batch = batch, PartSize = batch, Steps = Steps(graph, plan.Steps, batch, time) };
        }

        // A part runs on one thread, so it is timed on one.
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
    /// Returns the cost of a step. Plans contain the costs for the smallest batch of their class, which are scaled
    /// here; the costs of layout changes are computed here.
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
