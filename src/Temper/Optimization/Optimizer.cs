using System.Text.Json.Serialization;
using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>
/// How gradients change weights. A record of options without state: what a step must remember of a parameter is its
/// <see cref="OptimizerState"/>, plain numbers that a checkpoint saves.
/// </summary>
/// <remarks>
/// Options, formulas and defaults are those of torch.optim (PyTorch 2). A step is one pass over the parameter's memory,
/// allocates nothing, and gives the same bytes for any number of threads.
/// </remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Adadelta), "adadelta")]
[JsonDerivedType(typeof(Adam), "adam")]
[JsonDerivedType(typeof(AdamW), "adamw")]
[JsonDerivedType(typeof(RmsProp), "rmsprop")]
[JsonDerivedType(typeof(Sgd), "sgd")]
public abstract record Optimizer
{
    private protected Optimizer()
    {
    }

    /// <summary>Learning rate, before schedule and parameter group; not negative.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>Weight decay, before parameter groups; not negative, 0 = off. The optimizer decides whether it is L2 or
    /// decoupled.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Name on the command line and in files.</summary>
    [JsonIgnore]
    public abstract string Name { get; }

    /// <summary>Names of the state arrays, each with a number per weight.</summary>
    internal abstract IReadOnlyList<string> Slots { get; }

    /// <summary>Whether weight decay is decoupled: it multiplies the weight instead of being added to the
    /// gradient.</summary>
    private protected virtual bool IsDecayDecoupled => false;

    /// <summary>The state of a parameter before its first step: zeros.</summary>
    /// <param name="length">Elements of the parameter.</param>
    /// <returns>A new state.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public OptimizerState CreateState(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new OptimizerState(0, Slots.Select(name => new OptimizerSlot(name, new float[length])));
    }

    /// <summary>Changes one parameter in place.</summary>
    /// <param name="update">Weights, gradient, and what is special in this step.</param>
    /// <param name="state">From <see cref="CreateState"/> or a checkpoint; updated.</param>
    /// <exception cref="ArgumentException">Lengths differ, or the state is another optimizer's.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public void Step(in ParameterUpdate update, OptimizerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.Require(Name, Slots, update.Value.Length);
        Validate();
        float rate = LearningRate * update.RateFactor, decay = update.WeightDecay ?? WeightDecay;
        state.CountStep();
        var step = new ParameterStep
        {
            Value = update.Value,
            Gradient = update.Gradient,
            Mask = update.Mask,
            Rate = rate,
            GradientScale = update.GradientScale,
            Decay = IsDecayDecoupled ? 0 : decay,
            Shrink = IsDecayDecoupled ? (float)(1 - ((double)rate * decay)) : 1,
        };
        Step(step, state);
    }

    /// <summary>Throws when an option is out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option.</exception>
    public virtual void Validate()
    {
        RequireNotNegative(LearningRate, nameof(LearningRate));
        RequireNotNegative(WeightDecay, nameof(WeightDecay));
    }

    private protected abstract void Step(in ParameterStep step, OptimizerState state);

    private protected void RequireNotNegative(float value, string option) =>
        Require(value is >= 0 and < float.PositiveInfinity, value, option, "0 or more");

    private protected void RequireFraction(float value, string option) =>
        Require(value is >= 0 and < 1, value, option, "0 or more and below 1");

    private void Require(bool holds, float value, string option, string expected)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(
                option, $"{Name}: {option} is out of range (got {value}, expected {expected})");
        }
    }
}

/// <summary>One parameter in one step.</summary>
public readonly ref struct ParameterUpdate
{
    /// <summary>A step with the optimizer's own rate and decay.</summary>
    public ParameterUpdate()
    {
    }

    /// <summary>The weights, changed in place.</summary>
    public required Span<float> Value { get; init; }

    /// <summary>Their gradient, of the same length.</summary>
    public required ReadOnlySpan<float> Gradient { get; init; }

    /// <summary>Mask of the same length: where it is 0, the weight becomes and stays 0. Empty = no mask.</summary>
    public ReadOnlySpan<float> Mask { get; init; }

    /// <summary>Factor of the optimizer's learning rate: the schedule's factor times the group's; default 1.</summary>
    public float RateFactor { get; init; } = 1;

    /// <summary>Factor of the gradient, from clipping; default 1.</summary>
    public float GradientScale { get; init; } = 1;

    /// <summary>Weight decay that replaces the optimizer's; null = the optimizer's.</summary>
    public float? WeightDecay { get; init; }
}
