using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Tensors;

namespace Temper.Compression.Tests.Calibration;

/// <summary>Samples for fitting and choosing represent all classes of a set that is sorted by class.</summary>
public sealed class CalibrationSplitTests
{
    /// <summary>60 samples; each is its index, and there are three classes in order.</summary>
    private static readonly Dataset Sorted = new TensorDataset(
        "sorted", Tensor.From([.. Enumerable.Range(0, 60).Select(i => (float)i)], [60, 1]),
        Tensor.From([.. Enumerable.Range(0, 60).Select(i => i / 20L)], [60]));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(20)]
    [InlineData(30)]
    public void The_two_parts_are_disjoint_and_cover_all_classes(int count)
    {
        (Dataset fitting, Dataset choosing) = CalibrationSplit.Of(Sorted, count);
        Assert.Equal((count, 60 - count), (fitting.Count, choosing.Count));
        Assert.Equal(60, Values(fitting).Concat(Values(choosing)).Distinct().Count());
        Assert.Equal(3, Labels(choosing).Distinct().Count());
        Assert.Equal(Math.Min(count, 3), Labels(fitting).Distinct().Count());
    }

    [Fact]
    public void Inputs_are_spread_over_the_set()
    {
        Assert.Equal([0, 15, 30, 45], CalibrationSplit.Inputs(Sorted, 4).ToArray<float>());
        Assert.Equal(60, CalibrationSplit.Inputs(Sorted, 100).Shape[0]);
    }

    private static float[] Values(Dataset set) => set.Read(0, set.Count).Inputs.ToArray<float>();

    private static long[] Labels(Dataset set) => set.Read(0, set.Count).Labels.ToArray<long>();
}
