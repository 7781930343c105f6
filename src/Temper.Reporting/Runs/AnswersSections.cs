using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Runs;

/// <summary>A test sample and what the network says about it.</summary>
internal sealed record SampleRecord(byte[] Png, int Label, int Predicted, float Probability);

/// <summary>What a classifier answers: counts over all classes, and some samples.</summary>
internal static class AnswersSections
{
    /// <summary>The confusion matrix of the test samples.</summary>
    /// <param name="network">Which network of the run.</param>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="counts">By actual class, then predicted class, row after row.</param>
    internal static Section Confusion(string network, IReadOnlyList<string> classes, IReadOnlyList<long> counts) => new(
        "Confusion on the test samples",
        [new ChartRow([new ConfusionChart { Title = $"{network} network", Classes = classes, Counts = counts }])]);

    /// <summary>Some samples with the network's answers.</summary>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="samples">Labels and answers are indices into them.</param>
    internal static Section Samples(IReadOnlyList<string> classes, IReadOnlyList<SampleRecord> samples) =>
        new("Test samples and what the network says", [new PictureGrid(
            [.. samples.Select(sample => Picture(classes, sample))])]);

    private static Picture Picture(IReadOnlyList<string> classes, SampleRecord sample)
    {
        bool isRight = sample.Label == sample.Predicted;
        string name = Name(classes, sample.Predicted);
        return new Picture(
            sample.Png, isRight ? $"{name}, {sample.Probability:P0}" : $"{name}, is {Name(classes, sample.Label)}",
            isRight);
    }

    private static string Name(IReadOnlyList<string> classes, int index) =>
        (uint)index < (uint)classes.Count ? classes[index] : $"class {index}";
}
