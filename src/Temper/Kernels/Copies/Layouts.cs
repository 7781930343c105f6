namespace Temper.Kernels;

/// <summary>Changes the order in memory.</summary>
internal static class Layouts
{
    /// <summary><c>[N, C, P]</c> to <c>[N, P, C]</c>.</summary>
    internal static void ToChannelsLast(
        ReadOnlySpan<float> source, Span<float> target, int batch, int channels, int pixels) =>
        StridedCopies.Read(source, StridedView.Permuted([batch, channels, pixels], [0, 2, 1]), target);

    /// <summary><c>[N, P, C]</c> to <c>[N, C, P]</c>.</summary>
    internal static void ToChannelsFirst(
        ReadOnlySpan<float> source, Span<float> target, int batch, int channels, int pixels) =>
        ToChannelsLast(source, target, batch, channels: pixels, pixels: channels);
}
