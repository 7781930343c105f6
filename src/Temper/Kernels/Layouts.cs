namespace Temper.Kernels;

/// <summary>Changes the order in memory.</summary>
internal static class Layouts
{
    /// <summary><c>[N, C, P]</c> to <c>[N, P, C]</c>.</summary>
    internal static void ToChannelsLast(ReadOnlySpan<float> source, Span<float> target, int batch, int channels, int pixels)
    {
        for (int n = 0; n < batch; n++)
        {
            int start = n * channels * pixels;
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < pixels; p++)
                {
                    target[start + (p * channels) + c] = source[start + (c * pixels) + p];
                }
            }
        }
    }

    /// <summary><c>[N, P, C]</c> to <c>[N, C, P]</c>.</summary>
    internal static void ToChannelsFirst(ReadOnlySpan<float> source, Span<float> target, int batch, int channels, int pixels) =>
        ToChannelsLast(source, target, batch, channels: pixels, pixels: channels);
}
