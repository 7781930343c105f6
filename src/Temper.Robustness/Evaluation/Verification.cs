using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Evaluation;

/// <summary>The result of re-evaluating stored adversarial examples one at a time.</summary>
/// <param name="Claimed">Number of samples reported as adversarial.</param>
/// <param name="Confirmed">Number of these that are adversarial when evaluated from the stored bytes.</param>
/// <param name="AsPictures">Number of these that remain adversarial after rounding to 256 levels.</param>
/// <param name="Outside">Number of these with values outside the input bounds.</param>
public sealed record Verification(int Claimed, int Confirmed, int AsPictures, int Outside)
{
    /// <summary>Evaluates each stored adversarial example on its own.</summary>
    /// <param name="target">Target, loaded again from its file.</param>
    /// <param name="adversarials">Inputs <c>[N, ...]</c>, as read from the file.</param>
    /// <param name="claimed">Whether each of them is reported as adversarial.</param>
    /// <param name="criterion">Criterion of success.</param>
    public static Verification Of(
        AttackTarget target, Tensor adversarials, IReadOnlyList<bool> claimed, Criterion criterion)
    {
        int size = target.SampleShape.Count, confirmed = 0, pictures = 0, outside = 0;
        float[] logits = new float[target.Classes], rounded = new float[size];
        float step = (target.Maximum - target.Minimum) / 255;
        for (int i = 0; i < claimed.Count; i++)
        {
            if (!claimed[i])
            {
                continue;
            }

            ReadOnlySpan<float> x = adversarials.AsSpan<float>().Slice(i * size, size);
            target.Scores(x, 1, logits);
            confirmed += criterion.Margin(i, logits) < 0 ? 1 : 0;
            for (int k = 0; k < size; k++)
            {
                rounded[k] = target.Minimum + (MathF.Round((x[k] - target.Minimum) / step) * step);
            }

            outside += x.IndexOfAnyExceptInRange(target.Minimum, target.Maximum) >= 0 ? 1 : 0;
            target.Scores(rounded, 1, logits);
            pictures += criterion.Margin(i, logits) < 0 ? 1 : 0;
        }

        return new Verification(claimed.Count(one => one), confirmed, pictures, outside);
    }

    /// <summary>Converts the result to a checklist item.</summary>
    public TrustCheck Check() => new(
        "verified", Confirmed < Claimed || Outside > 0,
        $"{Confirmed} of {Claimed} adversarial examples confirmed from the stored file, {AsPictures} also as 8-bit "
        + $"pictures; {Outside} outside the bounds");
}
