using System.Text.Json.Nodes;
using Temper.Optimization;

namespace Temper.Training;

/// <summary>How a <see cref="Learner"/> turns gradients into steps.</summary>
public sealed record LearnerOptions
{
    /// <summary>The optimizer.</summary>
    public Optimizer Optimizer { get; init; } = new Adam();

    /// <summary>Regularizers: each adds its value and gradient.</summary>
    public IReadOnlyList<IRegularizer> Regularizers { get; init; } = [];

    /// <summary>Parameter groups with their own learning rate or weight decay, or frozen.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; init; } = [];

    /// <summary>Gradient clipping; null = off.</summary>
    public GradientClipping? Clipping { get; init; }

    /// <summary>Exponential moving average of the weights; null = off.</summary>
    public WeightAverage? Average { get; init; }

    /// <summary>Decides dropout where a request brings no stream of its own.</summary>
    public ulong Seed { get; init; }

    /// <summary>Throws unless every option is in its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option.</exception>
    public void Validate()
    {
        Optimizer.Validate();
        Clipping?.Validate();
        Average?.Validate();
    }

    /// <summary>All options as JSON: each decides the bytes of a step.</summary>
    internal JsonObject Fingerprint() => new()
    {
        ["optimizer"] = OptionsJson.Of(Optimizer),
        ["regularizers"] = Fingerprints.Of(Regularizers),
        ["groups"] = OptionsJson.Of(Groups),
        ["clipping"] = OptionsJson.Of(Clipping),
        ["average"] = OptionsJson.Of(Average),
        ["seed"] = Seed,
    };
}
