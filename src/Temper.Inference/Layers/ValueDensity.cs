namespace Temper.Inference;

/// <summary>What part of a value is not zero, on average.</summary>
/// <param name="Elements">Fraction of its elements, 0 to 1.</param>
/// <param name="Channels">Fraction of its channels that are not zero everywhere, 0 to 1, an image at a time.</param>
public readonly record struct ValueDensity(float Elements, float Channels)
{
    /// <summary>Elements behind a ReLU, of which about half are zero, few channels all of it.</summary>
    internal static ValueDensity Rectified { get; } = new(0.6f, 1);

    /// <summary>Nothing is zero.</summary>
    public static ValueDensity Dense { get; } = new(1, 1);
}
