namespace Temper.Tensors;

/// <summary>
/// Adds numbers up over the ranks of a distributed run, so that batch normalization sees the batches of all ranks as
/// one.
/// </summary>
public interface IStatisticsReducer
{
    /// <summary>Replaces each number by its sum over all ranks. Called in the same order on each rank.</summary>
    /// <param name="values">Changed in place. To be deterministic, add in the order of the ranks.</param>
    void Sum(Span<double> values);
}
