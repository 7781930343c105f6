namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Batch normalization with given statistics, as in evaluation:
    /// <c>y = scale (x - mean) / √(variance + epsilon) + shift</c> for each channel (axis 1).
    /// </summary>
    /// <param name="scale"><c>[C]</c>.</param>
    /// <param name="shift"><c>[C]</c>.</param>
    /// <param name="mean"><c>[C]</c>; a constant: no gradient flows to it.</param>
    /// <param name="variance"><c>[C]</c>, zero or more; a constant.</param>
    /// <param name="epsilon">Added to the variance; PyTorch's default is 1e-5.</param>
    /// <returns>The shape of the input, <c>[N, C, ...]</c>.</returns>
    /// <exception cref="ShapeMismatchException">A shape does not fit.</exception>
    public Tensor BatchNorm(Tensor scale, Tensor shift, Tensor mean, Tensor variance, float epsilon = 1e-5f) =>
        BatchNorm(
            scale, shift, new BatchStatistics(mean.ToArray<float>(), variance.ToArray<float>(), 0), epsilon, default);

    /// <summary>
    /// Batch normalization with the batch's own statistics, as in training (arXiv:1502.03167, algorithm 1).
    /// </summary>
    /// <param name="scale"><c>[C]</c>.</param>
    /// <param name="shift"><c>[C]</c>.</param>
    /// <param name="epsilon">Added to the variance; PyTorch's default is 1e-5.</param>
    /// <param name="statistics">The batch's mean and variance, from which running statistics are made.</param>
    /// <returns>The shape of the input, <c>[N, C, ...]</c>.</returns>
    /// <exception cref="ShapeMismatchException">A shape does not fit.</exception>
    public Tensor BatchNormTraining(Tensor scale, Tensor shift, float epsilon, out BatchStatistics statistics) =>
        BatchNormTraining(scale, shift, epsilon, default, known: null, reducer: null, out statistics);

    /// <inheritdoc cref="BatchNormTraining(Tensor, Tensor, float, out BatchStatistics)"/>
    /// <param name="scale"><c>[C]</c>.</param>
    /// <param name="shift"><c>[C]</c>.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="tail">What is added to the result, and whether ReLU follows, in the same pass.</param>
    /// <param name="known">The statistics of this rank's batch, if the convolution before has gathered them.</param>
    /// <param name="reducer">Joins statistics over ranks; null: this batch's alone.</param>
    /// <param name="statistics">The batch's mean and variance.</param>
    internal Tensor BatchNormTraining(
        Tensor scale, Tensor shift, float epsilon, NormTail tail, BatchStatistics? known, IStatisticsReducer? reducer,
        out BatchStatistics statistics)
    {
        var operation =
            new BatchNormOperation(AsImage(), scale, shift, tail with { Residual = tail.Residual?.AsImage() })
        {
            Epsilon = epsilon,
            Statistics = known,
            IsTraining = true,
            Reducer = reducer,
        };
        Tensor y = operation.Apply();
        statistics = operation.Statistics!;
        return InShapeOf(y);
    }

    /// <summary>Evaluation form with an addition and ReLU in the same pass.</summary>
    internal Tensor BatchNorm(Tensor scale, Tensor shift, BatchStatistics running, float epsilon, NormTail tail) =>
        InShapeOf(new BatchNormOperation(AsImage(), scale, shift, tail with { Residual = tail.Residual?.AsImage() })
        {
            Epsilon = epsilon,
            Statistics = running,
            IsTraining = false,
        }.Apply());

    /// <summary>
    /// Values of other ranks than two and four as images of one row: <c>[N, C, 1, all other axes]</c>.
    /// </summary>
    private Tensor AsImage() => Rank is 3 or > 4 ? Reshape([Shape[0], Shape[1], 1, Shape.CountOf(2, Rank)]) : this;

    private Tensor InShapeOf(Tensor y) => y.Rank == Rank ? y : y.Reshape(Shape);
}

/// <summary>What a normalization does to each result before storing it.</summary>
/// <param name="Residual">Same shape as the result, added first.</param>
/// <param name="Relu">Whether negative results become zero, last.</param>
internal readonly record struct NormTail(Tensor? Residual, bool Relu);
