namespace Temper.Tensors;

/// <summary>
/// Sums values over the ranks of a distributed run. Batch normalization uses it to compute its statistics over the
/// batches of all ranks.
/// </summary>
public interface IStatisticsReducer
{
    /// <summary>Replaces each value by its sum over all ranks. All ranks make their calls in the same order.</summary>
    /// <param name="values">
    /// The values of this rank; replaced in place. Sum in rank order for a deterministic result.
    /// </param>
    void Sum(Span<double> values);
}
