namespace Temper.Tensors;

/// <summary>Mean and variance of a batch, one entry a channel.</summary>
/// <param name="Mean">Means, <c>[C]</c>.</param>
/// <param name="Variance">Variances over the batch (divided by the count, not by one less), <c>[C]</c>.</param>
/// <param name="Count">How many values each channel has.</param>
public sealed record BatchStatistics(float[] Mean, float[] Variance, int Count);
