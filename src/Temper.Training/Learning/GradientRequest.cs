using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>Told of a parameter's gradient as soon as it is final, while the backward pass goes on: an all-reduce may begin.</summary>
/// <param name="parameter">Name of the parameter.</param>
/// <param name="gradient">Row-major; may be written, now or until the gradients are applied.</param>
public delegate void GradientReady(string parameter, Span<float> gradient);

/// <summary>What is special about one gradient.</summary>
public sealed record GradientRequest
{
    /// <summary>Random numbers of dropout; null: the learner's own, by its number of gradients.</summary>
    public RandomStream? Stream { get; init; }

    /// <summary>Called once for each trained parameter, in the order in which the backward pass ends with them; null: nobody is told.</summary>
    public GradientReady? Ready { get; init; }

    /// <summary>Joins batch statistics over ranks; null: this batch's alone.</summary>
    public IStatisticsReducer? Statistics { get; init; }
}
