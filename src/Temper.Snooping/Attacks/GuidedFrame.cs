using System.Globalization;

namespace Temper.Snooping.Attacks;

/// <summary>
/// Gradient-guided Carlini-Wagner attack on every frame (arXiv:1812.02524): finds the smallest perturbation that
/// changes the proxy's action and clips it to epsilon. With stacked frames and <see cref="StackMode.PerFrame"/>, the
/// search changes the newest frame only: the older ones have already passed through the channel.
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
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"{Name}: an option is out of range (got {Steps} steps, {SearchSteps} searches; expected 1 or more)"));
        }
    }
}
