namespace Temper.Kernels;

/// <summary>
/// For one axis: the source index read by each result index at each kernel position, or -1 if there is none. This map
/// is the only difference between the forward pass and the input gradient.
/// </summary>
internal static unsafe class KernelMap
{
    /// <summary>Maps result index o to source index <c>o stride + position dilation - padding</c>.</summary>
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
    /// Maps input index i to the index <c>(i + padding - position dilation) / stride</c> of the output gradient, if
    /// that is an integer.
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
