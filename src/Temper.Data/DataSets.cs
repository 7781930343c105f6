namespace Temper.Data;

/// <summary>A training part and a test part of one source.</summary>
/// <param name="Train">What is trained on; a validation part is split off it.</param>
/// <param name="Test">Touched once, at the end.</param>
public sealed record DataSets(Dataset Train, Dataset Test)
{
    /// <summary>What the source holds and neither part uses, with reasons.</summary>
    public IReadOnlyList<UnusedSamples> Unused { get; init; } = [];

    /// <summary>Both parts changed in the same way.</summary>
    /// <param name="change">Makes a set of a set.</param>
    public DataSets Select(Func<Dataset, Dataset> change) => this with { Train = change(Train), Test = change(Test) };

    /// <summary>Splits a validation part off the training part, with each class in the same proportion.</summary>
    /// <param name="count">Samples to hold out, at most all.</param>
    /// <param name="stream">Decides which.</param>
    /// <returns>The rest, and what was held out, each in the original order.</returns>
    public (Dataset Train, Dataset Validation) SplitValidation(int count, Randomness.RandomStream stream) =>
        StratifiedSplit.Of(Train, count, stream);
}
