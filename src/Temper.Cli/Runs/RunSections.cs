using System.Globalization;
using Temper.Reporting.Documents;
using Temper.Reporting.Runs;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>The report sections common to all runs, combined with those that a method adds.</summary>
internal static class RunSections
{
    /// <summary>All sections of a run, in the order of the report.</summary>
    /// <param name="phases">Trainings of the run; may be empty.</param>
    /// <param name="networks">Networks measured in the run; may be empty.</param>
    /// <param name="contributed">Sections added by the method.</param>
    /// <param name="answers">Sections about the predictions of the resulting network on the test samples.</param>
    internal static IReadOnlyList<Section> Of(
        IReadOnlyList<PhaseRecord> phases, IReadOnlyList<NetworkRecord> networks, IEnumerable<Section> contributed,
        IEnumerable<Section> answers)
    {
        IEnumerable<Section> result =
            networks.Count > 0 ? [ResultSection.Of(networks, isTrained: phases.Count > 0)] : [];
        IEnumerable<Section> training = phases.Count > 0 ? [TrainingSection.Of(phases)] : [];
        return [.. result, .. training, .. contributed, .. answers];
    }

    /// <summary>The confusion matrix and sample predictions, if there are test samples with classes.</summary>
    internal static IEnumerable<Section> OfAnswers(Measurement result) =>
        OfAnswers(result.Record.Name, result.Classes, result.Confusion, result.Samples);

    /// <summary>The data that the run did not use; empty if it used all.</summary>
    internal static IEnumerable<Section> OfUnused(IReadOnlyList<UnusedRecord> unused)
    {
        if (unused.Count > 0)
        {
            yield return new Section("Unused data", [
                new DataTable(["what", "samples", "why"], [.. unused.Select(one =>
                    (string[])[one.Name, one.Count > 0 ? $"{one.Count:N0}" : "", one.Reason])]),
            ]);
        }
    }

    /// <inheritdoc cref="OfAnswers(Measurement)"/>
    internal static IEnumerable<Section> OfAnswers(
        string network, IReadOnlyList<string> classes, IReadOnlyList<long> confusion,
        IReadOnlyList<SampleRecord> samples)
    {
        if (confusion.Count > 0)
        {
            yield return AnswersSections.Confusion(network, classes, confusion);
        }

        if (samples.Count > 0)
        {
            yield return AnswersSections.Samples(classes, samples);
        }
    }

    /// <summary>
    /// Interruptions of the run, and choices that depended on measured time; empty if there were none.
    /// </summary>
    internal static IEnumerable<Section> OfDecisions(IReadOnlyList<RunDecision> decisions)
    {
        RunDecision[] stops = [.. decisions.Where(decision => decision.Value is null)],
            choices = [.. decisions.Where(decision => decision.Value is not null)];
        if (stops.Length > 0)
        {
            yield return new Section("Stops", [
                new Paragraph("The run was stopped and resumed. It stops only between two steps, so the result is "
                    + "identical, byte for byte, to that of an uninterrupted run on the same number of ranks with the "
                    + "same plan."),
                new DataTable(
                    ["time, UTC", "what happened"], [.. stops.Select(stop => (string[])[Time(stop), stop.Text])]),
            ]);
        }

        if (choices.Length > 0)
        {
            yield return new Section("Choices that depended on time", [
                new Paragraph("These choices depended on time or on the machine. They are stored in decisions.json, "
                    + "and a resumed run makes the same choices."),
                new DataTable(
                    ["time, UTC", "training", "what was chosen", "choice"],
                    [.. choices.Select(choice => (string[])[Time(choice), choice.Phase, choice.Kind, choice.Value!])]),
            ]);
        }
    }

    private static string Time(RunDecision decision) =>
        decision.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
