using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>Frames as files hold them: 256 levels.</summary>
public static class ByteFrames
{
    /// <summary>
    /// A victim that reads its clips from files: frames are rounded to bytes first, with gradients passed straight
    /// through.
    /// </summary>
    /// <param name="inner">The victim.</param>
    public static AttackTarget Victim(AttackTarget inner) =>
        new StraightThroughTarget(inner, x => Round(x, inner.Minimum, inner.Maximum));

    /// <summary>Rounds values to 256 levels between two bounds.</summary>
    /// <param name="x">Changed in place.</param>
    /// <param name="low">The level of byte 0.</param>
    /// <param name="high">The level of byte 255.</param>
    public static void Round(Span<float> x, float low, float high)
    {
        for (int i = 0; i < x.Length; i++)
        {
            // As frames are read: the byte divided by 255.
            x[i] = low + (Math.Clamp(MathF.Round((x[i] - low) / (high - low) * 255), 0, 255) / 255f * (high - low));
        }
    }

    /// <summary>Changed clips rounded to 256 levels between two bounds; what has not changed stays as it is.</summary>
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
    /// Each frame with a quarter of the frames beside it: a defense that a sparse change has to get through.
    /// </summary>
    /// <param name="clip"><c>[T, C, H, W]</c>, changed in place.</param>
    /// <param name="frames">T.</param>
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
