namespace Temper.Kernels;

/// <summary>
/// Along one axis: which index of the source each index of the result reads through each kernel position, or -1 for
/// none. The forward pass and the gradient of the input differ in nothing else.
/// </summary>
internal static unsafe class KernelMap
{
    /// <summary>Result index o reads input index <c>o stride + kernel position dilation - padding</c>.</summary>
    internal static void Forward(
        int* map, int results, int sources, int positions, int stride, int dilation, int padding)
    {
        for (int o = 0; o < results; o++)
        {
            for (int position = 0; position < positions; position++)
            {
                int index = (o * stride) + (position * dilation) - padding;
                *map++ = (uint)index < (uint)sources ? index : -1;
            }
        }
    }

    /// <summary>
    /// Input index i gets gradient from result index <c>(i + padding - kernel position dilation) / stride</c> where
    /// that is whole.
    /// </summary>
    internal static void Backward(
        int* map, int inputs, int results, int positions, int stride, int dilation, int padding)
    {
        for (int i = 0; i < inputs; i++)
        {
            for (int position = 0; position < positions; position++)
            {
                int index = i + padding - (position * dilation);
                *map++ = index >= 0 && index % stride == 0 && index / stride < results ? index / stride : -1;
            }
        }
    }
}
