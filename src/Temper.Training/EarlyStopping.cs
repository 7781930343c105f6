namespace Temper.Training;

/// <summary>Ends training when the validation metric has stopped getting better.</summary>
public sealed record EarlyStopping
{
    /// <summary>Patience: epochs without improvement after which training ends; one or more.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Smallest change that counts as an improvement, in units of the metric; zero or more.</summary>
    public double MinimumGain { get; init; }

    /// <summary>Throws unless the options make sense.</summary>
    internal EarlyStopping Validated()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Patience, 1);
        if (!(MinimumGain >= 0) || double.IsInfinity(MinimumGain))
        {
            throw new ArgumentOutOfRangeException(
                nameof(MinimumGain), $"EarlyStopping: the minimum gain is zero or more (got {MinimumGain})");
        }

        return this;
    }
}
