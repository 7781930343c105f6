namespace Temper.Snooping.Attacks;

/// <summary>
/// Gradient-guided Carlini-Wagner attack on every frame (arXiv:1812.02524): finds the smallest perturbation that
/// changes the proxy's action and clips it to epsilon. With stacked frames and <see cref="StackMode.PerFrame"/>, only
/// the newest frame is perturbed.
/// </summary>
public sealed record GuidedFrame : ObservationAttack
{
    /// <inheritdoc/>
    public override string Name => "guided-cw";

    /// <summary>Gradient steps of each search, 1 or more.</summary>
    public int Steps { get; init; } = 15;

    /// <summary>Number of searches for the weight of the loss, 1 or more.</summary>
    public int SearchSteps { get; init; } = 3;

    internal override void Validate()
    {
        base.Validate();
        if (Steps < 1 || SearchSteps < 1)
        {
            throw new ArgumentException(
                $"{Name}: an option is out of range (got {Steps} steps, {SearchSteps} searches; expected 1 or more)");
        }
    }
}
