using Temper.Compression.Pipeline;

namespace Temper.Compression.Tests.Pipeline;

public sealed class CompressionOptionsTests
{
    /// <summary>
    /// Exactly the accepted number of samples may be lost, although fractions such as 0.07 - 0.01 and 0.06 differ by
    /// rounding.
    /// </summary>
    [Theory]
    [InlineData(100, 1, 1)]
    [InlineData(1000, 0.5, 5)]
    [InlineData(700, 1, 7)]
    [InlineData(90, 0, 0)]
    public void As_many_samples_as_accepted_may_be_lost(int samples, double points, int lost)
    {
        var options = new CompressionOptions { Seed = 1, MaxAccuracyDrop = points };
        for (int right = lost + 1; right <= samples; right++)
        {
            double before = right / (double)samples;
            Assert.True(options.IsWithinBound((right - lost) / (double)samples, before), $"{right}");
            Assert.False(options.IsWithinBound((right - lost - 1) / (double)samples, before), $"{right}");
        }
    }
}
