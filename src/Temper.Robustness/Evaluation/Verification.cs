using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Evaluation;

/// <summary>Adversarials asked about again, each alone.</summary>
/// <param name="Claimed">Samples that were called adversarial.</param>
/// <param name="Confirmed">Those that are, from the stored bytes.</param>
/// <param name="AsPictures">Those that still are after rounding to 256 levels.</param>
/// <param name="Outside">Those outside the bounds of inputs.</param>
public sealed record Verification(int Claimed, int Confirmed, int AsPictures, int Outside)
{
    /// <summary>Asks about every adversarial alone.</summary>
    /// <param name="target">A target made from the file anew.</param>
    /// <param name="adversarials"><c>[N, ...]</c>, as read from the file.</param>
    /// <param name="claimed">Which of them are called adversarial.</param>
    /// <param name="criterion">What counts.</param>
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

    /// <summary>The check for the list.</summary>
    public TrustCheck Check() => new(
        "verified", Confirmed < Claimed || Outside > 0,
        $"{Confirmed} of {Claimed} adversarials confirmed alone from the stored file, {AsPictures} also as 8-bit "
        + $"pictures, {Outside} outside the bounds");
}
