using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// Applies an edit to a learner: copies the changed network into memory owned by the learner and transfers the
/// optimizer state.
/// </summary>
internal static class LearnerEdit
{
    /// <summary>
    /// Returns the changed network with trained parameters in memory owned by the learner; memory that it owns already
    /// is reused.
    /// </summary>
    internal static Network Owned(Network changed, Network own, LearnerOptions options)
    {
        HashSet<Tensor> free = new(own.Parameters.Where(parameter =>
            TrainedParameters.IsTrained(parameter, options)).Select(parameter => parameter.Value),
            ReferenceEqualityComparer.Instance);
        free.UnionWith(own.Buffers.Values);

        // Two parameters that share a tensor after the edit would both be written to it, so the second gets a copy.
        Tensor Take(Tensor value) => free.Remove(value) ? value : value.Detach();
        HashSet<string> statistics = changed.StatisticsNames();
        return changed
            .WithParameters(changed.Parameters.Where(parameter => TrainedParameters.IsTrained(parameter, options))
                .Select(parameter => parameter with { Value = Take(parameter.Value) }))
            .WithBuffers(changed.Buffers.Where(entry => statistics.Contains(entry.Key)).Select(
                entry => KeyValuePair.Create(entry.Key, Take(entry.Value))));
    }

    /// <summary>Returns the optimizer state and the average of a parameter after an edit.</summary>
    internal static (OptimizerState State, float[]? Average) Remembered(
        NetworkEdit edit, Parameter parameter, Learner learner)
    {
        Optimizer optimizer = learner.Options.Optimizer;
        if (edit.SourceOf(parameter.Name, learner.Network) is not { } source
            || learner.Trained.Find(source.Name) is not { } before)
        {
            return (optimizer.CreateState(parameter.Value.Count), learner.NewAverage(parameter));
        }

        float[] Moved(float[] values, ReadOnlySpan<float> added) =>
            edit.Moved(parameter.Name, values, source.Value.Shape, added);
        return (
            new OptimizerState(
                before.State.Steps, before.State.Slots.Select(slot => slot with { Values = Moved(slot.Values, []) })),
            before.Average is null
                ? null
                : Masked(Moved(before.Average, parameter.Value.Physical()), parameter.Mask));
    }

    /// <summary>Sets the average of masked weights to 0, the value of these weights.</summary>
    private static float[] Masked(float[] average, Tensor? mask)
    {
        ReadOnlySpan<float> kept = mask is null ? default : mask.Physical();
        for (int i = 0; i < kept.Length; i++)
        {
            average[i] = kept[i] == 0 ? 0 : average[i];
        }

        return average;
    }
}
