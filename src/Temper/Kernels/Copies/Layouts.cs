namespace Temper.Kernels;

/// <summary>Conversions between memory layouts.</summary>
internal static class Layouts
{
    /// <summary>Converts <c>[N, C, P]</c> to <c>[N, P, C]</c>.</summary>
    internal static void ToChannelsLast(
        ReadOnlySpan<float> source, Span<float> target, int batch, int channels, int pixels) =>
        StridedCopies.Read(source, StridedView.Permuted([batch, channels, pixels], [0, 2, 1]), target);

    /// <summary>Converts <c>[N, P, C]</c> to <c>[N, C, P]</c>.</summary>
    internal static void ToChannelsFirst(
        ReadOnlySpan<float> source, Span<float> target, int batch, int channels, int pixels) =>
        ToChannelsLast(source, target, batch, channels: pixels, pixels: channels);
}
