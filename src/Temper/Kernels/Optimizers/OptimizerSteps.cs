namespace Temper.Kernels;

/// <summary>What every optimizer step needs of a parameter.</summary>
internal readonly ref struct ParameterStep
{
    /// <summary>Makes a step without decay or mask.</summary>
    public ParameterStep()
    {
    }

    /// <summary>The weights, changed in place.</summary>
    internal required Span<float> Value { get; init; }

    /// <summary>Their gradient.</summary>
    internal required ReadOnlySpan<float> Gradient { get; init; }

    /// <summary>0 where a weight is frozen at zero, else 1; empty: none is.</summary>
    internal ReadOnlySpan<float> Mask { get; init; }

    /// <summary>Learning rate.</summary>
    internal required float Rate { get; init; }

    /// <summary>The gradient is multiplied by this first (clipping).</summary>
    internal float GradientScale { get; init; } = 1;

    /// <summary>L2 decay: this times the weight is added to the gradient.</summary>
    internal float Decay { get; init; }

    /// <summary>Decoupled decay: the weight is multiplied by this before the step.</summary>
    internal float Shrink { get; init; } = 1;
}

/// <summary>
/// One optimizer step on one parameter, in one pass over its memory. Formulas and results are those of torch.optim.
/// </summary>
internal static unsafe class OptimizerSteps
{
    /// <summary>SGD without momentum.</summary>
    internal static void Sgd(in ParameterStep step) => Run(step, default, default, default, new SgdRule());

    /// <summary>SGD with momentum.</summary>
    internal static void SgdMomentum(in ParameterStep step, Span<float> velocity, in MomentumRule rule) =>
        Run(step, velocity, default, default, rule);

    /// <summary>Adam; with <see cref="ParameterStep.Shrink"/> AdamW.</summary>
    internal static void Adam(in ParameterStep step, Span<float> mean, Span<float> square, in AdamRule rule) =>
        Run(step, mean, square, default, rule);

    /// <summary>Adadelta.</summary>
    internal static void Adadelta(
        in ParameterStep step, Span<float> square, Span<float> squaredChange, in AdadeltaRule rule) =>
        Run(step, square, squaredChange, default, rule);

    /// <summary>
    /// RMSprop; <paramref name="mean"/> is used when centered and <paramref name="velocity"/> with momentum, else they
    /// are empty.
    /// </summary>
    internal static void RmsProp(
        in ParameterStep step, Span<float> square, Span<float> mean, Span<float> velocity, in RmsPropRule rule) =>
        Run(step, square, mean, velocity, rule);

    /// <summary>average = decay average + (1 - decay) value</summary>
    internal static void MovingAverage(Span<float> average, ReadOnlySpan<float> value, float decay) =>
        Elementwise.Apply(new MoveTowards(1 - decay), average, value, average);

    private static void Run<TRule>(in ParameterStep step, Span<float> a, Span<float> b, Span<float> c, TRule rule)
        where TRule : unmanaged, IStepRule
    {
        int length = step.Value.Length;
        Elementwise.RequireLength(step.Gradient.Length, length);
        RequireLengthOrEmpty(step.Mask.Length, length);
        RequireLengthOrEmpty(a.Length, length);
        RequireLengthOrEmpty(b.Length, length);
        RequireLengthOrEmpty(c.Length, length);
        fixed (float* value = step.Value, gradient = step.Gradient, mask = step.Mask, pa = a, pb = b, pc = c)
        {
            var body = new StepBody<TRule>(rule)
            {
                Value = value, Gradient = gradient, Mask = mask, A = pa, B = pb, C = pc,
                Rate = step.Rate, Scale = step.GradientScale, Decay = step.Decay, Shrink = step.Shrink,
            };
            LaneLoop.Parallel(body, length);
        }
    }

    private static void RequireLengthOrEmpty(int actual, int expected)
    {
        if (actual != 0)
        {
            Elementwise.RequireLength(actual, expected);
        }
    }
}
