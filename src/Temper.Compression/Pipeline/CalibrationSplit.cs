using Temper.Data;
using Temper.Tensors;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Selects samples to fit layers to. They are spread evenly over the set, because samples are often sorted by class.
/// </summary>
public static class CalibrationSplit
{
    /// <summary>Returns inputs to fit layers to.</summary>
    /// <param name="samples">The samples; labels are not read.</param>
    /// <param name="count">Number of samples; if the set is smaller, all are returned.</param>
    /// <returns>The inputs, <c>[N, ...]</c>.</returns>
    public static Tensor Inputs(Dataset samples, int count)
    {
        Dataset some = samples.Spread(count);
        return some.Read(0, some.Count).Inputs;
    }

    /// <summary>Divides samples: some to fit layers to, and others to choose between networks.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="count">Number of samples to fit to.</param>
    internal static (Dataset Fitting, Dataset Choosing) Of(Dataset samples, int count)
    {
        int choosing = Math.Min(samples.Count - count, Math.Max(count, AnsweredDataset.Enough));
        Dataset used = samples.Spread(count + choosing);

        // One of every Count / count samples is fitted.
        ILookup<bool, int> isFitted = Enumerable.Range(0, used.Count)
            .ToLookup(i => (long)(i + 1) * count / used.Count > (long)i * count / used.Count);
        return (used.Subset([.. isFitted[true]]), used.Subset([.. isFitted[false]]));
    }
}
