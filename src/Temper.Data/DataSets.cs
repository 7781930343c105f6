using Temper.Networks;

namespace Temper.Data;

/// <summary>A training set and a test set from the same source.</summary>
/// <param name="Train">Training samples; a validation set can be split off.</param>
/// <param name="Test">Test samples, for the final measurement only.</param>
public sealed record DataSets(Dataset Train, Dataset Test)
{
    /// <summary>Names of the test set in folders and archives; the first that exists is used.</summary>
    internal static IReadOnlyList<string> TestNames { get; } = ["test", "val", "valid", "validation"];

    /// <summary>Samples of the source that neither set uses, with reasons.</summary>
    public IReadOnlyList<UnusedSamples> Unused { get; init; } = [];

    /// <summary>
    /// Means and deviations of the columns of a table that is opened with <c>scale=standard</c>, to put in front of the
    /// network, which then takes rows as they are. The samples themselves are not scaled. Null: not asked for.
    /// </summary>
    public Normalize? Scaling { get; init; }

    /// <summary>Applies the same change to both sets.</summary>
    /// <param name="change">Returns the changed set for a given set.</param>
    public DataSets Select(Func<Dataset, Dataset> change) => this with { Train = change(Train), Test = change(Test) };

    /// <summary>Splits a stratified validation set off the training set: all classes keep their proportions.</summary>
    /// <param name="count">Number of samples to hold out, 0 to the size of the training set.</param>
    /// <param name="stream">Random stream that selects the samples.</param>
    /// <returns>The remaining training set and the held-out set, each in the original order.</returns>
    public (Dataset Train, Dataset Validation) SplitValidation(int count, Randomness.RandomStream stream) =>
        StratifiedSplit.Of(Train, count, stream);
}
