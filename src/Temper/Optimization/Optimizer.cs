using System.Globalization;
using System.Text.Json.Serialization;
using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>
/// An optimizer: updates weights from gradients. A record of options without state; the state of a parameter is its
/// <see cref="OptimizerState"/>, plain numbers that a checkpoint saves.
/// </summary>
/// <remarks>
/// Options, formulas and defaults follow torch.optim (PyTorch 2). A step makes one pass over the parameter's memory,
/// allocates nothing, and gives bitwise identical results for any number of threads. For an optimizer of your own,
/// derive from <see cref="CustomOptimizer"/>.
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

    /// <summary>
    /// Learning rate, 0 or more, before the factors of schedule and parameter groups. Default: 1e-3 unless the
    /// optimizer sets another one.
    /// </summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>
    /// Weight decay, 0 or more; 0: none. Parameter groups may override it. Whether it is L2 or decoupled depends on the
    /// optimizer.
    /// </summary>
    public float WeightDecay { get; init; }

    /// <summary>Name on the command line and in files.</summary>
    [JsonIgnore]
    public abstract string Name { get; }

    /// <summary>Names of the state arrays; each has one number per weight.</summary>
    internal abstract IReadOnlyList<string> Slots { get; }

    /// <summary>
    /// True if weight decay is decoupled: it multiplies the weight instead of being added to the gradient.
    /// </summary>
    private protected virtual bool IsDecayDecoupled => false;

    /// <summary>Creates the initial state of a parameter, all zeros.</summary>
    /// <param name="length">Number of elements of the parameter.</param>
    /// <returns>A new state.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public OptimizerState CreateState(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new OptimizerState(0, Slots.Select(name => new OptimizerSlot(name, new float[length])));
    }

    /// <summary>Updates one parameter in place.</summary>
    /// <param name="update">Weights, gradient and settings of this step.</param>
    /// <param name="state">State from <see cref="CreateState"/> or from a checkpoint; updated in place.</param>
    /// <exception cref="ArgumentException">Lengths differ, or the state belongs to another optimizer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
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

    /// <summary>Throws if an option is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An option is out of range; the message contains its name.
    /// </exception>
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
            throw new ArgumentOutOfRangeException(option, string.Create(
                CultureInfo.InvariantCulture,
                $"{Name}: {option} is out of range (got {value}, expected {expected})"));
        }
    }
}

/// <summary>One parameter in one optimizer step.</summary>
public readonly ref struct ParameterUpdate
{
    /// <summary>Creates an update with the optimizer's own learning rate and weight decay.</summary>
    public ParameterUpdate()
    {
    }

    /// <summary>The weights, updated in place.</summary>
    public required Span<float> Value { get; init; }

    /// <summary>Gradient of the weights, of the same length.</summary>
    public required ReadOnlySpan<float> Gradient { get; init; }

    /// <summary>Mask of the same length; weights are set to 0 where it is 0. Empty: no mask.</summary>
    public ReadOnlySpan<float> Mask { get; init; }

    /// <summary>
    /// Factor on the optimizer's learning rate: the schedule's factor times the parameter group's. Default: 1.
    /// </summary>
    public float RateFactor { get; init; } = 1;

    /// <summary>Factor on the gradient, from gradient clipping. Default: 1.</summary>
    public float GradientScale { get; init; } = 1;

    /// <summary>Weight decay that overrides the optimizer's; null: the optimizer's.</summary>
    public float? WeightDecay { get; init; }
}
