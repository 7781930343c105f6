namespace Temper.Kernels;

/// <summary>For each channel of an image: its source channel, a gain and an offset. Thread-safe.</summary>
internal sealed unsafe class ChannelMap
{
    private readonly PinnedFloats _numbers;
    private readonly int _channels;

    /// <param name="gain">Gain of each channel, <c>[C]</c>.</param>
    /// <param name="offset">Offset of each channel, added after the gain; <c>[C]</c>.</param>
    /// <param name="order">Source of each channel, <c>[C]</c>; empty: every channel is its own source.</param>
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

    /// <summary>The values of the map, valid as long as this object is alive.</summary>
    internal View Numbers => new(_numbers.Pointer, _channels);

    /// <summary>A map for use inside a task.</summary>
    internal readonly struct View(float* numbers, int channels)
    {
        /// <summary>Whether there is no map: channels are copied unchanged.</summary>
        internal bool IsNull => numbers == null;

        /// <summary>Returns the gain and offset of a channel as an operator.</summary>
        internal Affine Of(int channel) => new(numbers[channel], numbers[channels + channel]);

        /// <summary>Returns the source channel of a channel.</summary>
        internal int Source(int channel) => IsNull ? channel : ((int*)numbers)[(2 * channels) + channel];
    }
}
