namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Applies batch normalization with given statistics, as in evaluation mode:
    /// <c>y = scale (x - mean) / √(variance + epsilon) + shift</c> for each channel (axis 1).
    /// </summary>
    /// <param name="scale">Scale of each channel, <c>[C]</c>.</param>
    /// <param name="shift">Shift of each channel, <c>[C]</c>.</param>
    /// <param name="mean">Mean of each channel, <c>[C]</c>. A constant: it gets no gradient.</param>
    /// <param name="variance">Variance of each channel, <c>[C]</c>, 0 or more. A constant: it gets no gradient.</param>
    /// <param name="epsilon">Added to the variance [default: 1e-5, as in PyTorch].</param>
    /// <returns>A tensor of the input's shape, <c>[N, C, ...]</c>.</returns>
    /// <exception cref="ShapeMismatchException">The shapes do not match.</exception>
    public Tensor BatchNorm(Tensor scale, Tensor shift, Tensor mean, Tensor variance, float epsilon = 1e-5f) =>
        BatchNorm(
            scale, shift, new BatchStatistics(mean.ToArray<float>(), variance.ToArray<float>(), 0), epsilon, default);

    /// <summary>
    /// Applies batch normalization with the statistics of the batch, as in training mode (arXiv:1502.03167, algorithm
    /// 1).
    /// </summary>
    /// <param name="scale">Scale of each channel, <c>[C]</c>.</param>
    /// <param name="shift">Shift of each channel, <c>[C]</c>.</param>
    /// <param name="epsilon">Added to the variance, such as 1e-5 (PyTorch's default).</param>
    /// <param name="statistics">Mean and variance of the batch, for updating the running statistics.</param>
    /// <returns>A tensor of the input's shape, <c>[N, C, ...]</c>.</returns>
    /// <exception cref="ShapeMismatchException">The shapes do not match.</exception>
    public Tensor BatchNormTraining(Tensor scale, Tensor shift, float epsilon, out BatchStatistics statistics) =>
        BatchNormTraining(scale, shift, epsilon, default, known: null, reducer: null, out statistics);

    /// <inheritdoc cref="BatchNormTraining(Tensor, Tensor, float, out BatchStatistics)"/>
    /// <param name="scale">Scale of each channel, <c>[C]</c>.</param>
    /// <param name="shift">Shift of each channel, <c>[C]</c>.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="tail">Addition and ReLU applied to the result in the same pass.</param>
    /// <param name="known">
    /// Statistics of this rank's batch, if the preceding convolution has already computed them; null: not known.
    /// </param>
    /// <param name="reducer">Sums statistics over all ranks; null: only this rank's batch is used.</param>
    /// <param name="statistics">Mean and variance of the batch.</param>
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

    /// <summary>Applies batch normalization in evaluation mode, with an addition and ReLU in the same pass.</summary>
    internal Tensor BatchNorm(Tensor scale, Tensor shift, BatchStatistics running, float epsilon, NormTail tail) =>
        InShapeOf(new BatchNormOperation(AsImage(), scale, shift, tail with { Residual = tail.Residual?.AsImage() })
        {
            Epsilon = epsilon,
            Statistics = running,
            IsTraining = false,
        }.Apply());

    /// <summary>
    /// Reshapes a tensor of a rank other than 2 and 4 to images of one row,
    /// <c>[N, C, 1, product of the other axes]</c>.
    /// </summary>
    private Tensor AsImage() => Rank is 3 or > 4 ? Reshape([Shape[0], Shape[1], 1, Shape.CountOf(2, Rank)]) : this;

    private Tensor InShapeOf(Tensor y) => y.Rank == Rank ? y : y.Reshape(Shape);
}

/// <summary>Operations fused into a normalization, applied before the result is stored.</summary>
/// <param name="Residual">Added to the result; same shape. null: nothing is added.</param>
/// <param name="Relu">Whether ReLU is applied after the addition.</param>
internal readonly record struct NormTail(Tensor? Residual, bool Relu);
