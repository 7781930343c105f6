using Temper.Growth.Limits;
using Temper.Growth.Tests.Support;
using Temper.Inference;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Growth.Tests.Limits;

/// <summary>The measurement that the limit on inference time uses; how long it takes is not tested.</summary>
public sealed class GrowthLimitsTests
{
    [Fact]
    public void A_network_that_reads_bytes_can_be_measured()
    {
        var bytes = new InputSpec { SampleShape = [3, 4, 4], DType = DType.UInt8 };
        Network network = Network.Build(bytes, x => x.Normalize([0, 0, 0], [1, 1, 1], scale: 1 / 255f).Conv2d(2, kernel: 3).Flatten().Linear(2))
            .Initialize(RandomStream.FromSeed(1));
        Assert.True(GrowthLimits.Measure(network) > 0);
    }

    /// <summary>Training on one picture takes a few kilobytes.</summary>
    [Theory]
    [InlineData(0.001, "0.001")]
    [InlineData(0.0005, "0.0005")]
    public void A_limit_below_a_mebibyte_is_named_as_given(double limit, string named)
    {
        Network network = SmallGrowth.Seed().Network;
        Assert.InRange(GrowthLimits.TrainingMemory(network, batch: 1), 2000, 1 << 20);
        Assert.Equal($"about 1 MiB to train, at most {named} are allowed", new GrowthLimits { MemoryMiB = limit }.Exceeded(network, batch: 1));
    }

    [Fact]
    public void Timing_gives_one_time_for_each_network_and_can_be_canceled()
    {
        Network network = SmallGrowth.Seed().Network;
        IReadOnlyList<double> times = NetworkTiming.Milliseconds([network, network], batch: 2, seconds: 0.01);
        Assert.Equal(2, times.Count);
        Assert.All(times, time => Assert.True(time > 0));
        Assert.Throws<OperationCanceledException>(() => NetworkTiming.Milliseconds([network], 1, cancel: new CancellationToken(canceled: true)));
    }
}
