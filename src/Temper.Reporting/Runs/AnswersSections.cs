using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Runs;

/// <summary>A test sample and its prediction: a class, or -1 if none is predicted.</summary>
internal sealed record SampleRecord(byte[] Png, int Label, int Predicted, float Probability);

/// <summary>Sections about predictions of a classifier: a confusion matrix, and sample pictures.</summary>
internal static class AnswersSections
{
    /// <summary>Creates a section with the confusion matrix of the test samples.</summary>
    /// <param name="network">Name of the network within the run.</param>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="counts">Counts by actual class and predicted class, in row-major order.</param>
    internal static Section Confusion(string network, IReadOnlyList<string> classes, IReadOnlyList<long> counts) => new(
        "Confusion on the test samples",
        [new ChartRow([new ConfusionChart { Title = $"{network} network", Classes = classes, Counts = counts }])]);

    /// <summary>Creates a section with pictures of samples and their predictions.</summary>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="samples">Samples; labels and predictions are indices into <paramref name="classes"/>.</param>
    internal static Section Samples(IReadOnlyList<string> classes, IReadOnlyList<SampleRecord> samples) =>
        new("Test samples and predictions", [new PictureGrid(
            [.. samples.Select(sample => Picture(classes, sample))])]);

    private static Picture Picture(IReadOnlyList<string> classes, SampleRecord sample)
    {
        bool isRight = sample.Label == sample.Predicted;
        string name = Name(classes, sample.Predicted);
        return new Picture(
            sample.Png, isRight
                ? string.Create(CultureInfo.InvariantCulture, $"{name}, {sample.Probability:P0}")
                : $"{name}, is {Name(classes, sample.Label)}",
            isRight);
    }

    private static string Name(IReadOnlyList<string> classes, int index) =>
        index < 0 ? "no class" : index < classes.Count ? classes[index] : $"class {index}";
}
