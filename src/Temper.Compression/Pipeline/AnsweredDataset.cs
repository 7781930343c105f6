using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training.Evaluation;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Samples whose labels are the predictions of a network, so that accuracy is the agreement with that network.
/// </summary>
internal sealed class AnsweredDataset(Dataset source, long[] answers, IReadOnlyList<string> classes) : Dataset
{
    /// <summary>Number of samples that suffice to choose between networks.</summary>
    internal const int Enough = 1000;

    private const int AtOnce = 256;

    public override string Name => source.Name;

    public override int Count => source.Count;

    public override Shape SampleShape => source.SampleShape;

    public override IReadOnlyList<string> ClassNames => classes;

    /// <summary>Returns what an accuracy on some samples measures, for log lines and reports.</summary>
    internal static string MeasureOf(Dataset samples) =>
        samples is AnsweredDataset ? "agreement with the original" : "held-out accuracy";

    internal static AnsweredDataset Of(Network network, Dataset source, CancellationToken cancel)
    {
        long[] answers = new long[source.Count];
        for (int start = 0; start < answers.Length; start += AtOnce)
        {
            cancel.ThrowIfCancellationRequested();
            IReadOnlyList<(int Predicted, float Probability)> some =
                Evaluator.Predict(network, source, start, Math.Min(AtOnce, answers.Length - start));
            for (int i = 0; i < some.Count; i++)
            {
                answers[start + i] = some[i].Predicted >= 0 ? some[i].Predicted : throw new ArgumentException(
                    "compress: the network predicts no class (got an output that is not a number for sample "
                    + $"{start + i} of {source.Name}, expected numbers); check the network's weights and its input");
            }
        }

        int classCount = network.Graph.ShapeOf(network.Outputs[0].Value)[^1];
        return new AnsweredDataset(source, answers, [.. Enumerable.Range(0, classCount).Select(i => $"{i}")]);
    }

    public override void CopySample(int index, Span<float> sample) => source.CopySample(index, sample);

    public override long Label(int index) => answers[index];
}
