using Temper.Cli.Attacks;
using Temper.Robustness.Attacks;

namespace Temper.Cli.Tests.Attacks;

/// <summary>What a target of limited access still tells.</summary>
public sealed class AttackAccessTests
{
    private static readonly float[] Rows = [1, 3, 2, -1, -2, -3, 5, float.NaN, 6];

    private static DelegateTarget Target => new([3], 3, (0, 1), (x, _, logits) => x.CopyTo(logits));

    [Fact]
    public void Decisions_hide_the_scores_but_not_that_they_are_broken() =>
        Assert.Equal([0, 1, 0, 1, 0, 0, 5, float.NaN, 6], Scores(AttackAccess.Limit(Target, Access.Decisions)));

    [Fact]
    public void Scores_are_passed_on()
    {
        Assert.Equal(Rows, Scores(AttackAccess.Limit(Target, Access.Scores)));
        Assert.Equal(Access.Decisions, AttackAccess.Limit(Target, Access.Decisions).Access);
        Assert.Equal(Access.Scores, AttackAccess.Limit(Target, Access.Gradients).Access);
    }

    private static float[] Scores(AttackTarget target)
    {
        float[] logits = new float[9];
        target.Scores(Rows, 3, logits);
        return logits;
    }
}
