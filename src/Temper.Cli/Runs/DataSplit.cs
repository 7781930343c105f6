using Temper.Data;

namespace Temper.Cli.Runs;

/// <summary>Which samples train, which choose, and which measure the result.</summary>
/// <param name="Train">To train on.</param>
/// <param name="Validation">To choose with.</param>
/// <param name="Test">To measure the result with, once.</param>
/// <param name="Part">Fraction of the set that was split which chooses.</param>
internal sealed record DataSplit(Dataset Train, Dataset Validation, Dataset Test, double Part);
