using Temper.Cli.Attacks;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Cli.Tests.Attacks;

/// <summary>What the quick comparison of two networks says about perturbations.</summary>
public sealed class AttackBeforeAfterTests
{
    [Theory]
    [InlineData(3, "half of 4 test samples are fooled by a perturbation of L2 norm 0.5")]
    [InlineData(2, "2 of 4 test samples are fooled, whatever the size of the perturbation")]
    [InlineData(0, "0 of 4 test samples are fooled, whatever the size of the perturbation")]
    public void Half_of_the_samples_have_a_size_only_if_more_are_fooled(int fooled, string expected)
    {
        SampleResult[] samples = [.. Enumerable.Range(0, 4).Select(i => i < fooled
            ? new SampleResult(AttackOutcome.Fooled, 1, 0.5, 0.5, 0.5, 1, 1, 1, 1, 1)
            : new SampleResult(AttackOutcome.NotConverged, 0, 0, 0, 0, -1, 1, 1, -1, 0))];
        Assert.Equal(expected, AttackBeforeAfter.Fooled(new AttackResult(Tensor.From(new float[4], [4, 1]), samples)));
    }
}
