using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>Frames as stored in 8-bit files.</summary>
public static class ByteFrames
{
    /// <summary>
    /// Wraps a victim that reads its clips from files: frames are rounded to 256 levels first, and gradients pass
    /// straight through the rounding.
    /// </summary>
    /// <param name="inner">Victim to wrap.</param>
    public static AttackTarget Victim(AttackTarget inner) =>
        new StraightThroughTarget(inner, x => Round(x, inner.Minimum, inner.Maximum));

    /// <summary>Rounds values to 256 levels between two bounds, in place.</summary>
    /// <param name="x">Values to round.</param>
    /// <param name="low">Value of byte 0.</param>
    /// <param name="high">Value of byte 255.</param>
    public static void Round(Span<float> x, float low, float high)
    {
        for (int i = 0; i < x.Length; i++)
        {
            // Matches how frames are read: the byte divided by 255.
            x[i] = low + (Math.Clamp(MathF.Round((x[i] - low) / (high - low) * 255), 0, 255) / 255f * (high - low));
        }
    }

    /// <summary>
    /// Returns the radius, in units of the inputs, of the largest whole number of levels: rounding to bytes could move
    /// a frame beyond any other radius.
    /// </summary>
    /// <param name="levels">Number of levels, each 1/255 of the range.</param>
    /// <param name="range">Difference between the bounds of the inputs.</param>
    internal static double WholeLevels(double levels, double range) => Math.Floor(levels + 1e-6) * range / 255;

    /// <summary>
    /// Rounds changed clips to 256 levels between two bounds; elements equal to the clean clip stay unchanged.
    /// </summary>
    internal static Tensor Rounded(Tensor changed, Tensor clean, float low, float high)
    {
        float[] bytes = changed.ToArray<float>();
        Round(bytes, low, high);
        ReadOnlySpan<float> before = changed.AsSpan<float>(), from = clean.AsSpan<float>();
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = before[i] == from[i] ? from[i] : bytes[i];
        }

        return Tensor.From(bytes, changed.Shape);
    }

    /// <summary>
    /// Smooths a clip over time: half of each frame plus a quarter of each adjacent frame. A defense against
    /// perturbations of few frames.
    /// </summary>
    /// <param name="clip">Clip <c>[T, C, H, W]</c>, smoothed in place.</param>
    /// <param name="frames">Number of frames T.</param>
    public static void Smooth(Span<float> clip, int frames)
    {
        float[] before = clip.ToArray();
        int size = clip.Length / frames;
        for (int i = 0; i < clip.Length; i++)
        {
            (int frame, int at) = (i / size, i % size);
            float left = before[(Math.Max(frame - 1, 0) * size) + at],
                right = before[(Math.Min(frame + 1, frames - 1) * size) + at];
            clip[i] = (0.25f * left) + (0.5f * before[i]) + (0.25f * right);
        }
    }
}
