using Temper.Cli.Attacks;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Cli.Tests.Attacks;

/// <summary>The arrays in the file of attacked clips.</summary>
public sealed class VideoAttackFilesTests
{
    private static readonly AttackResult Result = new(
        Tensor.Zeros([2, 1]), [Sample(AttackOutcome.Fooled, 2), Sample(AttackOutcome.NotConverged, 1)]);

    [Fact]
    public void Success_is_told_with_the_classes_that_it_compares()
    {
        var arrays = VideoAttackFiles.Arrays(Result, [0, 0], [0, 1]).ToDictionary(StringComparer.Ordinal);
        Assert.Equal(["x_adv", "success", "label", "clean_prediction", "prediction"], arrays.Keys);
        Assert.Equal([0L, 0L], arrays["label"].ToArray<long>());
        Assert.Equal([0L, 1L], arrays["clean_prediction"].ToArray<long>());
        Assert.Equal([2L, 1L], arrays["prediction"].ToArray<long>());
        Assert.Equal([true, false], arrays["success"].ToArray<bool>());
    }

    [Fact]
    public void A_clip_without_a_label_has_its_predicted_class() =>
        Assert.Equal([0L, 1L], VideoAttackFiles.Arrays(Result, null, [0, 1]).Single(array => array.Key is "label").Value.ToArray<long>());

    private static SampleResult Sample(AttackOutcome outcome, int prediction) => new(outcome, 0, 0, 0, 0, 0, 1, 1, -1, prediction);
}
