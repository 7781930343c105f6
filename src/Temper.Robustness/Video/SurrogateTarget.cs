using Temper.Robustness.Attacks;

namespace Temper.Robustness.Video;

/// <summary>
/// A victim whose gradients come from a surrogate network, such as one of its streams or the same network with another
/// optical flow. Logits are the victim's.
/// </summary>
/// <param name="victim">Provides the logits.</param>
/// <param name="surrogate">
/// Provides the gradients, evaluated at its own logits; must have the same sample shape and number of classes.
/// </param>
public sealed class SurrogateTarget(AttackTarget victim, AttackTarget surrogate) : WrappedTarget(victim)
{
    private readonly AttackTarget _surrogate = surrogate.SampleShape.Equals(victim.SampleShape)
        && surrogate.Classes == victim.Classes
        ? surrogate
        : throw new ArgumentException(
            $"SurrogateTarget: surrogate and victim differ (got {surrogate.SampleShape} and "
            + $"{surrogate.Classes} classes, expected {victim.SampleShape} and {victim.Classes})", nameof(surrogate));

    /// <inheritdoc/>
    public override Access Access => _surrogate.Access;

    /// <inheritdoc/>
    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
    {
        _surrogate.Gradient(x, count, new float[count * Classes], derivative, gradient);
        Inner.Scores(x, count, logits);
    }
}
