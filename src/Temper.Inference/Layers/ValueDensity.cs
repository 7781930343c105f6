namespace Temper.Inference;

/// <summary>Average density of a value: the fraction that is nonzero.</summary>
/// <param name="Elements">Fraction of the elements that are nonzero, 0 to 1.</param>
/// <param name="Channels">Fraction of the channels that are not entirely zero, 0 to 1; counted per image.</param>
public readonly record struct ValueDensity(float Elements, float Channels)
{
    /// <summary>
    /// Density assumed after a ReLU: 60 % of the elements are nonzero, and no channel is entirely zero.
    /// </summary>
    internal static ValueDensity Rectified { get; } = new(0.6f, 1);

    /// <summary>Density of a value without zeros.</summary>
    public static ValueDensity Dense { get; } = new(1, 1);
}
