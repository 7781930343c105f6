using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// Receives a parameter's gradient as soon as it is final, while the backward pass is still running. An all-reduce can
/// start here.
/// </summary>
/// <param name="parameter">Name of the parameter.</param>
/// <param name="gradient">The gradient, row-major. It may be modified until the gradients are applied.</param>
public delegate void GradientReady(string parameter, Span<float> gradient);

/// <summary>
/// Computes a weight for each sample from the norm of the sample's own gradient, as for per-sample clipping in private
/// training.
/// </summary>
/// <param name="norms">L2 norm of each sample's gradient over all trained parameters.</param>
/// <param name="weights">
/// Receives the factor of each sample's gradient; same length as <paramref name="norms"/>.
/// </param>
public delegate void SampleWeights(ReadOnlySpan<float> norms, Span<float> weights);

/// <summary>Options of one gradient computation.</summary>
public sealed record GradientRequest
{
    /// <summary>
    /// Random stream for dropout; null: derived from the learner's seed and its number of gradients so far.
    /// </summary>
    public RandomStream? Stream { get; init; }

    /// <summary>
    /// Computes sample weights from the norms of per-sample gradients. The loss must then have shape <c>[N]</c>, one
    /// value per sample, and the gradients are those of the weighted sum, from a second backward pass. Null: the loss
    /// is a scalar. Samples must not influence each other: run networks with batch normalization in <see
    /// cref="Networks.Pass.Evaluation"/>. Batch statistics cause an exception; mixing inside the loss itself, such as a
    /// mean over the batch, is not detected.
    /// </summary>
    public SampleWeights? SampleWeights { get; init; }

    /// <summary>
    /// Called once for each trained parameter, in the order in which the backward pass finishes them; null: no
    /// callback.
    /// </summary>
    public GradientReady? Ready { get; init; }

    /// <summary>Combines batch statistics over ranks; null: only this batch is used.</summary>
    public IStatisticsReducer? Statistics { get; init; }
}
