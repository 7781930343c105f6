using Temper.Inference.Timing;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference.Tests;

public sealed class NetworkTimingTests
{
    [Fact]
    public void Networks_are_timed_on_noise_in_the_range_of_pixels()
    {
        float[] x = NetworkTiming.Noise(InputSpec.Image(3, 8, 8), batch: 2).ToArray<float>();
        Assert.Equal(2 * 3 * 8 * 8, x.Length);
        Assert.All(x, value => Assert.InRange(value, 0, 1));
        Assert.True(x.Count(value => value == 0) < x.Length / 10);
        Tensor bytes = NetworkTiming.Noise(new InputSpec { SampleShape = [100], DType = DType.UInt8 }, batch: 1);
        Assert.Contains(bytes.ToArray<byte>(), value => value > 100);
    }

    /// <summary>A sample takes 150 microseconds; work of less than a tick (100 ns) is measured as zero.</summary>
    [Theory]
    [InlineData(0, 1500)]
    [InlineData(1, 1500)]
    [InlineData(15, 100)]
    [InlineData(1_000_000, 1)]
    public void Short_work_is_repeated_a_limited_number_of_times(long ticks, int expected) =>
        Assert.Equal(expected, Rounds.Repetitions(TimeSpan.FromTicks(ticks)));

    /// <summary>On one processor the JIT waits ten times as long before it optimizes.</summary>
    [Theory]
    [InlineData(1, null, 2000)]
    [InlineData(1, "20", 400)]
    [InlineData(1, "x", 2000)]
    [InlineData(2, null, 0)]
    public void Timings_wait_for_optimized_code_on_one_processor(int processors, string? delay, int milliseconds) =>
        Assert.Equal(milliseconds, TieredJit.ExtraFor(processors, delay).TotalMilliseconds);
}
