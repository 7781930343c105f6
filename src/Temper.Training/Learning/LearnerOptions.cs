using System.Text.Json.Nodes;
using Temper.Optimization;

namespace Temper.Training;

/// <summary>Options of a <see cref="Learner"/>: how gradients become steps.</summary>
public sealed record LearnerOptions
{
    /// <summary>The optimizer; default: <see cref="Adam"/>.</summary>
    public Optimizer Optimizer { get; init; } = new Adam();

    /// <summary>Regularizers; each adds its value and its gradient.</summary>
    public IReadOnlyList<IRegularizer> Regularizers { get; init; } = [];

    /// <summary>Parameter groups with their own learning rate or weight decay, or that are frozen.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; init; } = [];

    /// <summary>Gradient clipping; null: off.</summary>
    public GradientClipping? Clipping { get; init; }

    /// <summary>Exponential moving average of the weights; null: off.</summary>
    public WeightAverage? Average { get; init; }

    /// <summary>Seed of dropout when a <see cref="GradientRequest"/> has no stream.</summary>
    public ulong Seed { get; init; }

    /// <summary>Throws if an option is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the message names it.</exception>
    /// <exception cref="ArgumentNullException">A required option, or an entry of a list, is null.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Optimizer);
        RequiredLists.Check(Regularizers);
        RequiredLists.Check(Groups);
        foreach (ParameterGroup group in Groups)
        {
            group.Validate();
        }

        Optimizer.Validate();
        Clipping?.Validate();
        Average?.Validate();
    }

    /// <summary>Returns all options as JSON. Each of them affects the exact result of a step.</summary>
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
