using System.Globalization;

namespace Temper.Training;

/// <summary>Stops training when the validation metric no longer improves.</summary>
public sealed record EarlyStopping
{
    /// <summary>Patience: number of epochs without improvement after which training stops; 1 or more.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Smallest change of the metric that counts as an improvement; 0 or more.</summary>
    public double MinimumGain { get; init; }

    /// <summary>Throws if an option is out of range; otherwise returns the options.</summary>
    internal EarlyStopping Validated()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Patience, 1);
        if (!(MinimumGain >= 0) || double.IsInfinity(MinimumGain))
        {
            throw new ArgumentOutOfRangeException(nameof(MinimumGain), string.Create(
                CultureInfo.InvariantCulture, $"EarlyStopping: out of range (got {MinimumGain}, expected 0 or more)"));
        }

        return this;
    }
}
