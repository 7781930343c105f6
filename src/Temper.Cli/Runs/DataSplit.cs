using Temper.Data;

namespace Temper.Cli.Runs;

/// <summary>Samples divided into training, validation and test sets.</summary>
/// <param name="Train">Training samples.</param>
/// <param name="Validation">Validation samples, used to choose epochs and networks.</param>
/// <param name="Test">Test samples, on which only the result is measured.</param>
/// <param name="Part">Fraction of the split set that became validation samples, 0 to 1.</param>
internal sealed record DataSplit(Dataset Train, Dataset Validation, Dataset Test, double Part);
