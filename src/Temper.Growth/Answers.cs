using Temper.Data;
using Temper.Networks;
using Temper.Training.Evaluation;

namespace Temper.Growth;

/// <summary>Finds the samples that a network classifies correctly.</summary>
internal static class Answers
{
    private const int BatchSize = 256;

    internal static bool[] Of(Network network, Dataset samples)
    {
        bool[] right = new bool[samples.Count];
        for (int start = 0; start < right.Length; start += BatchSize)
        {
            IReadOnlyList<(int Predicted, float Probability)> answers =
                Evaluator.Predict(network, samples, start, Math.Min(BatchSize, right.Length - start));
            foreach ((int i, (int predicted, _)) in answers.Index())
            {
                right[start + i] = predicted == samples.Label(start + i);
            }
        }

        return right;
    }

    internal static double Accuracy(bool[] right) => right.Count(answer => answer) / (double)right.Length;
}
