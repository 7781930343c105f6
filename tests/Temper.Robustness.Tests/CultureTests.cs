using Temper.Networks;
using Temper.Randomness;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;
using Temper.Robustness.Feedback;
using Temper.Robustness.Training;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Robustness.Tests;

/// <summary>Findings, report sections and errors are the same in every culture.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Findings_of_the_checklist_have_decimal_points()
    {
        // Class 0 is the answer to every sample, and the truth for one of eight.
        var target = new DelegateTarget([1], 4, (0, 1), AlwaysFirst);
        Tensor inputs = Tensor.From([0f, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f], [8, 1]);
        long[] labels = [0, 1, 1, 1, 2, 2, 3, 3];
        using var commas = new CommaCulture();
        IReadOnlyList<TrustCheck> checks = TrustChecks.Run(target, inputs, labels, RandomStream.FromSeed(1));
        Assert.Equal("12.5 % of 8 clean samples are classified correctly (chance: 25.0 %)", Finding("clean-accuracy"));
        Assert.StartsWith("clean accuracy 12.5 %; at most 12.5 % with the inputs", Finding("normalization"), StringComparison.Ordinal);

        string Finding(string name) => checks.Single(check => string.Equals(check.Name, name, StringComparison.Ordinal)).Finding;
    }

    [Fact]
    public void Rounds_of_feedback_learning_group_digits_by_commas()
    {
        var space = new DecisionSpace([], [1, 1], [1, 1], [1, 3]);
        FeedbackRound[] rounds =
        [
            new FeedbackRound(0, 0.9, 1, space, [], default, default),
            new FeedbackRound(1, 0.9, 1.5, space, [new ClassFeedback(2000, 1234, 5678, 1111)], new PassCount(1_000_000, 234_567), new PassCount(3000, 0)),
        ];
        Network network = Network.Build(InputSpec.Features(1), x => x.Linear(2));
        using var commas = new CommaCulture();
        Section section = DecisionSpaceSection.Of(new FeedbackResult(network, rounds, 1, IsWithinBound: true, "all rounds are done"), ["cat", "dog"]);
        DataTable[] tables = [.. section.Blocks.OfType<DataTable>()];
        Assert.Equal(["1", "90.00 %", "1.5", "1", "0.25", "1,234", "1,111", "1,234,567", "3,000"], tables[0].Rows[1]);
        Assert.Equal(["cat", "2,000", "1,234", "5,678", "1,111"], tables[1].Rows[0]);
    }

    [Fact]
    public void Errors_have_decimal_points()
    {
        using var commas = new CommaCulture();
        Assert.Contains("(got epsilon -0.5, step size not set,", Message(() => new InnerAttack { Epsilon = -0.5 }.Validate()), StringComparison.Ordinal);
        Assert.Contains("(got -0.5,", Message(() => new Pgd { Epsilon = -0.5 }.CheckOptions()), StringComparison.Ordinal);
        Assert.Contains(
            "(got ProbedPart 1.5, FeedbackShare 0.3, ExamplePart 0.3; expected ProbedPart",
            Message(() => new FeedbackOptions { Seed = 1, Training = new() { Seed = 1 }, ProbedPart = 1.5 }.Validated()), StringComparison.Ordinal);
    }

    private static void AlwaysFirst(ReadOnlySpan<float> x, int count, Span<float> logits)
    {
        logits[..(4 * count)].Clear();
        for (int row = 0; row < count; row++)
        {
            logits[4 * row] = 1;
        }
    }

    private static string Message(Action wrong) => Assert.Throws<ArgumentException>(wrong).Message;
}
