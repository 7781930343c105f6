using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// Told of a parameter's gradient as soon as it is final, while the backward pass goes on: an all-reduce may begin.
/// </summary>
/// <param name="parameter">Name of the parameter.</param>
/// <param name="gradient">Row-major; may be written, now or until the gradients are applied.</param>
public delegate void GradientReady(string parameter, Span<float> gradient);

/// <summary>Gives each sample a weight by the length of its own gradient: clipping in private training.</summary>
/// <param name="norms">L2 norms of the samples' gradients over all trained parameters together.</param>
/// <param name="weights">As many; what each sample's gradient is multiplied by.</param>
public delegate void SampleWeights(ReadOnlySpan<float> norms, Span<float> weights);

/// <summary>What is special about one gradient.</summary>
public sealed record GradientRequest
{
    /// <summary>Random numbers of dropout; null: the learner's own, by its number of gradients.</summary>
    public RandomStream? Stream { get; init; }

    /// <summary>
    /// Weighs samples by their gradients: the loss is then <c>[N]</c>, one a sample, and the gradients are those of the
    /// weighted sum, by a second backward pass; null: the loss is a scalar. Samples must not be mixed: run networks
    /// with batch normalization in <see cref="Networks.Pass.Evaluation"/>. Batch statistics are refused; samples that
    /// the loss itself mixes, by a mean over the batch for instance, are not noticed.
    /// </summary>
    public SampleWeights? SampleWeights { get; init; }

    /// <summary>
    /// Called once for each trained parameter, in the order in which the backward pass ends with them; null: nobody is
    /// told.
    /// </summary>
    public GradientReady? Ready { get; init; }

    /// <summary>Joins batch statistics over ranks; null: this batch's alone.</summary>
    public IStatisticsReducer? Statistics { get; init; }
}
