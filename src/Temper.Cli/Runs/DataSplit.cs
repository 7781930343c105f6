using Temper.Cli.CommandLine;
using Temper.Data;
using Temper.Randomness;

namespace Temper.Cli.Runs;

/// <summary>Samples divided into training, validation and test sets.</summary>
/// <param name="Train">Training samples.</param>
/// <param name="Validation">Validation samples, used to choose epochs and networks.</param>
/// <param name="Test">Test samples, on which only the result is measured.</param>
/// <param name="Part">Fraction of the split set that became validation samples, 0 to 1.</param>
internal sealed record DataSplit(Dataset Train, Dataset Validation, Dataset Test, double Part)
{
    /// <summary>
    /// Splits the validation samples off the training samples: at least one sample remains for training and at least
    /// one for validation.
    /// </summary>
    internal static DataSplit Of(CommandContext context, DataSets data) =>
        Of(data, context.Get(RunSettings.Validation), context.Get(RunSettings.Seed));

    /// <inheritdoc cref="Of(CommandContext, DataSets)"/>
    internal static DataSplit Of(DataSets data, double part, ulong seed)
    {
        int count = Math.Clamp((int)Math.Round(data.Train.Count * part), 1, Math.Max(1, data.Train.Count - 1));
        (Dataset train, Dataset validation) =
            data.SplitValidation(count, RandomStream.FromSeed(seed).Split("validation"));
        return new DataSplit(train, validation, data.Test, part);
    }
}
