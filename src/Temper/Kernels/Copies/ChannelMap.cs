namespace Temper.Kernels;

/// <summary>
/// For each channel of an image the channel that it is made of, a gain and an offset. Shared by threads.
/// </summary>
internal sealed unsafe class ChannelMap
{
    private readonly PinnedFloats _numbers;
    private readonly int _channels;

    /// <param name="gain"><c>[C]</c>.</param>
    /// <param name="offset"><c>[C]</c>.</param>
    /// <param name="order">For each channel its source; empty: itself.</param>
    internal ChannelMap(ReadOnlySpan<float> gain, ReadOnlySpan<float> offset, ReadOnlySpan<int> order)
    {
        _channels = gain.Length;
        _numbers = new PinnedFloats(3L * _channels);
        gain.CopyTo(_numbers.Span);
        offset.CopyTo(_numbers.Span[_channels..]);
        for (int channel = 0; channel < _channels; channel++)
        {
            ((int*)_numbers.Pointer)[(2 * _channels) + channel] = order.IsEmpty ? channel : order[channel];
        }
    }

    /// <summary>The numbers, as long as this object lives.</summary>
    internal View Numbers => new(_numbers.Pointer, _channels);

    /// <summary>A map inside a task.</summary>
    internal readonly struct View(float* numbers, int channels)
    {
        /// <summary>Whether there is none: a plain copy.</summary>
        internal bool IsNull => numbers == null;

        /// <summary>What becomes of a channel's elements.</summary>
        internal Affine Of(int channel) => new(numbers[channel], numbers[channels + channel]);

        /// <summary>The channel that it is made of.</summary>
        internal int Source(int channel) => IsNull ? channel : ((int*)numbers)[(2 * channels) + channel];
    }
}
