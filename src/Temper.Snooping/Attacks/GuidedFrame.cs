namespace Temper.Snooping.Attacks;

/// <summary>
/// The gradient-guided Carlini-Wagner attack on each frame: the smallest change that turns the proxy's action
/// (arXiv:1812.02524), cut to epsilon. Of a stack of frames only the newest one's change goes through the channel.
/// </summary>
public sealed record GuidedFrame : ObservationAttack
{
    /// <inheritdoc/>
    public override string Name => "guided-cw";

    /// <summary>Gradient steps of each search.</summary>
    public int Steps { get; init; } = 15;

    /// <summary>Searches for the weight of the loss.</summary>
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
