namespace Temper.Kernels;

/// <summary>
/// Along one axis: which place of the source each place of the result reads through each tap, or -1 for none. The forward pass
/// and the gradient of the input differ in nothing else.
/// </summary>
internal static unsafe class TapMap
{
    /// <summary>Result place o reads input place <c>o stride + tap dilation - padding</c>.</summary>
    internal static void Forward(int* map, int results, int sources, int taps, int stride, int dilation, int padding)
    {
        for (int o = 0; o < results; o++)
        {
            for (int tap = 0; tap < taps; tap++)
            {
                int place = (o * stride) + (tap * dilation) - padding;
                *map++ = (uint)place < (uint)sources ? place : -1;
            }
        }
    }

    /// <summary>Input place i gets gradient from result place <c>(i + padding - tap dilation) / stride</c> where that is whole.</summary>
    internal static void Backward(int* map, int inputs, int results, int taps, int stride, int dilation, int padding)
    {
        for (int i = 0; i < inputs; i++)
        {
            for (int tap = 0; tap < taps; tap++)
            {
                int place = i + padding - (tap * dilation);
                *map++ = place >= 0 && place % stride == 0 && place / stride < results ? place / stride : -1;
            }
        }
    }
}
