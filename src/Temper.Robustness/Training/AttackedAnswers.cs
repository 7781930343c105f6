using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Robustness.Training;

/// <summary>What a network answers for held-out samples under attack.</summary>
internal static class AttackedAnswers
{
    private const int BatchSize = 128;

    /// <summary>
    /// Attacks every sample and returns the predicted and the true class of each. The predicted class is -1, which is
    /// never right, if a logit is not finite, as those of a network whose training diverged.
    /// </summary>
    /// <param name="network">Network to attack.</param>
    /// <param name="samples">Held-out samples.</param>
    /// <param name="attack">Attack to run.</param>
    /// <param name="seed">Random seed of the attack.</param>
    internal static List<(long Answer, long Label)> Of(Network network, Dataset samples, InnerAttack attack, ulong seed)
    {
        List<(long Answer, long Label)> answers = [];
        using var scope = new TensorScope();
        for (int start = 0; start < samples.Count; start += BatchSize)
        {
            (Tensor inputs, Tensor labels) = samples.Read(start, Math.Min(BatchSize, samples.Count - start));
            Tensor moved = attack.Run(network, new Batch(inputs, labels, 0), RandomStream.FromSeed(seed).Split(start));
            answers.AddRange(Predicted(network.Forward(moved)).Zip(labels.ToArray<long>()));
            scope.Reset();
        }

        return answers;
    }

    private static long[] Predicted(Tensor logits)
    {
        long[] classes = logits.ArgMax(1).ToArray<long>();
        ReadOnlySpan<float> values = logits.AsSpan<float>();
        for (int i = 0; i < classes.Length; i++)
        {
            ReadOnlySpan<float> row = values.Slice(i * logits.Shape[1], logits.Shape[1]);
            classes[i] = row.ContainsAnyExceptInRange(float.MinValue, float.MaxValue) ? -1 : classes[i];
        }

        return classes;
    }
}
