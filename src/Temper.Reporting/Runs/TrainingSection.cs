using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Runs;

/// <summary>Creates the section with the training curves of a run, by epoch.</summary>
internal static class TrainingSection
{
    internal static Section Of(IReadOnlyList<PhaseRecord> phases)
    {
        Chart[] charts =
        [
            Curves("Validation accuracy, %", phases, epoch => epoch.ValidationAccuracy * 100), Losses(phases),
        ];
        PhaseRecord[] regularized = [.. phases.Where(
            phase => phase.Epochs.Any(epoch => epoch.Terms is not (null or 0)))];
        return new Section(
            "Training",
            regularized.Length == 0
                ? [new ChartRow(charts)]
                : [new ChartRow(charts), new ChartRow(
                    [Curves("Value of the regularizers", regularized, epoch => epoch.Terms)])]);
    }

    private static LineChart Losses(IReadOnlyList<PhaseRecord> phases) => phases.Count > 1
        ? Curves("Training loss, without the regularizer", phases, epoch => epoch.TrainLoss)
        : Curves("Loss", phases, epoch => epoch.TrainLoss) with
        {
            Lines = [Line("training", phases[0], epoch => epoch.TrainLoss), Line("validation", phases[0], epoch =>
                epoch.ValidationLoss)],
        };

    private static LineChart Curves(
        string title, IReadOnlyList<PhaseRecord> phases, Func<EpochRecord, double?> value) => new()
    {
        Title = title,
        XLabel = "epoch",
        HasWholeX = true,
        Lines = [.. phases.Select(phase => Line(phase.Name, phase, value))],
    };

    private static ChartLine Line(string name, PhaseRecord phase, Func<EpochRecord, double?> value) =>
        new(name, [.. phase.Epochs.Select(epoch => new ChartPoint(epoch.Epoch, value(epoch) ?? double.NaN))]);
}
