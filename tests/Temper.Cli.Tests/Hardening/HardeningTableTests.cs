using Temper.Cli.Hardening;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;

namespace Temper.Cli.Tests.Hardening;

/// <summary>What <c>temper harden</c> prints about the networks before and after.</summary>
public sealed class HardeningTableTests
{
    [Fact]
    public void Robust_accuracy_and_distances_come_first()
    {
        var found = new HardeningComparison(Measured(0.75, [true, false, false, false], 0.25, 0.5), Measured(0.5, [true, true, false, false], 0.5, 1.25), []);
        Assert.Equal(
            [
                "robust accuracy, autoattack linf-0.1: 25.00 % 50.00 %", "median distance (L2), ddn: 0.25 0.5", "median distance (L2), random: 0.5 1.25",
                "accuracy without an attack: 75.00 % 50.00 %",
            ],
            Lines(found));
    }

    [Fact]
    public void Without_attacks_there_are_the_probed_distances()
    {
        MeasuredNetwork before = Measured(0.75, [], 0.25, 0.5) with { Attacked = null };
        Assert.Equal(
            ["median distance (L2), random: 0.5 0.5", "accuracy without an attack: 75.00 % 75.00 %"], Lines(new HardeningComparison(before, before, [])));
    }

    private static IEnumerable<string> Lines(HardeningComparison found) =>
        HardeningTable.Rows(found).Select(row => $"{row[0]}: {row[1]} {row[2]}");

    private static MeasuredNetwork Measured(double accuracy, bool[] isRight, double distance, double median)
    {
        var family = new FamilyCriteria(
            new RandomDirections(), 0, new DistanceSummary(4, median, median, median, 1), [], 1, 0, default, new double[0, 0], new int[0, 0]);
        return new MeasuredNetwork(
            accuracy, new DecisionSpace([family], [4], [accuracy], [1]),
            new AttackedNetwork([new AttackedAccuracy("autoattack", new AttackBudget(Norm.Linf, 0.1), isRight)], [distance], [0]));
    }
}
