namespace Temper.Kernels;

/// <summary>Arguments of an optimizer step for one parameter.</summary>
internal readonly ref struct ParameterStep
{
    /// <summary>Creates a step without weight decay and mask.</summary>
    public ParameterStep()
    {
    }

    /// <summary>The weights, updated in place.</summary>
    internal required Span<float> Value { get; init; }

    /// <summary>Gradient of the weights.</summary>
    internal required ReadOnlySpan<float> Gradient { get; init; }

    /// <summary>0 where a weight is fixed at zero, else 1; empty: no weight is.</summary>
    internal ReadOnlySpan<float> Mask { get; init; }

    /// <summary>Learning rate.</summary>
    internal required float Rate { get; init; }

    /// <summary>Factor applied to the gradient first, such as for gradient clipping. Default: 1.</summary>
    internal float GradientScale { get; init; } = 1;

    /// <summary>L2 weight decay: this times the weight is added to the gradient. Default: 0.</summary>
    internal float Decay { get; init; }

    /// <summary>
    /// Factor of decoupled weight decay, by which the weight is multiplied before the step. Default: 1.
    /// </summary>
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

    /// <summary>Adam, or AdamW if <see cref="ParameterStep.Shrink"/> is used instead of L2 weight decay.</summary>
    internal static void Adam(in ParameterStep step, Span<float> mean, Span<float> square, in AdamRule rule) =>
        Run(step, mean, square, default, rule);

    /// <summary>Adadelta.</summary>
    internal static void Adadelta(
        in ParameterStep step, Span<float> square, Span<float> squaredChange, in AdadeltaRule rule) =>
        Run(step, square, squaredChange, default, rule);

    /// <summary>
    /// RMSprop. <paramref name="mean"/> is empty if not centered, and <paramref name="velocity"/> is empty without
    /// momentum.
    /// </summary>
    internal static void RmsProp(
        in ParameterStep step, Span<float> square, Span<float> mean, Span<float> velocity, in RmsPropRule rule) =>
        Run(step, square, mean, velocity, rule);

    /// <summary>Updates a moving average: average = decay average + (1 - decay) value.</summary>
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
