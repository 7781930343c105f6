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
}
