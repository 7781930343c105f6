using System.Globalization;
using Temper.Cli.Runs;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Evaluation;
using Temper.Tensors;

namespace Temper.Cli.Attacks;

/// <summary>
/// Compares the robustness of networks in seconds, with few attack steps. <c>temper attack</c> measures robustness
/// thoroughly.
/// </summary>
internal static class AttackBeforeAfter
{
    private const int MaxSamples = 64;

    private const double Radius = 0.1;

    /// <summary>
    /// Measures, on the first test samples, the smallest perturbation that fools each network and the accuracy within a
    /// radius.
    /// </summary>
    /// <param name="run">Run to which notes are written.</param>
    /// <param name="networks">Classifiers with inputs from 0 to 1, by name.</param>
    /// <param name="test">Test samples, not used for selection.</param>
    /// <param name="cancel">Cancels the measurement.</param>
    internal static Section Compare(
        RunSession run, IReadOnlyList<(string Name, Network Network)> networks, Dataset test, CancellationToken cancel)
    {
        int count = Math.Min(test.Count, MaxSamples);
        (Tensor inputs, Tensor labels) = test.Read(0, count);
        Criterion wrong = Criterion.Misclassified(labels.AsSpan<long>());
        var rows = new List<string[]>();
        foreach ((string name, Network network) in networks)
        {
            var target = new NetworkTarget(network, (0, 1));
            RobustnessEvaluation Of(Attack attack) =>
                new(attack, attack.Run(target, inputs.Reshape([
                    count, .. target.SampleShape.AsSpan(),
                ]), wrong, run.Stream.Split("attack"), cancel: cancel), labels.ToArray<long>(), []);
            RobustnessEvaluation smallest = Of(new MinimalL2 { PolishSteps = 20 }),
                ball = Of(new Pgd { Epsilon = Radius, Steps = 20 });
            string median = Number(smallest.Result.MedianDistance(Norm.L2), "G3"),
                right = Number(ball.Accuracy * 100, "F1");
            rows.Add([name, Number(smallest.CleanAccuracy * 100, "F1"), median, right]);
            run.Note($"{name}: {Fooled(smallest.Result)}; {right} % are classified correctly under PGD with L-inf "
                + $"radius {Radius.ToString(CultureInfo.InvariantCulture)}");
        }

        return new Section("Robustness",
        [
            new Paragraph(string.Create(CultureInfo.InvariantCulture,
                $"On {count} test samples, with few attack steps: upper bounds of robustness. temper attack "
                + $"measures it thoroughly, with a verdict.")),
            new DataTable(["network", "#accuracy, %", "#median smallest perturbation, L2", string.Create(
                CultureInfo.InvariantCulture, $"#accuracy under PGD, L-inf {Radius}, %")], rows),
        ]);
    }

    /// <summary>Says which perturbation fools half of the samples, or how many are fooled at all.</summary>
    internal static string Fooled(AttackResult smallest)
    {
        double median = smallest.MedianDistance(Norm.L2);
        int count = smallest.Samples.Count;
        return double.IsFinite(median)
            ? $"half of {count} test samples are fooled by a perturbation of L2 norm {Number(median, "G3")}"
            : $"{smallest.Samples.Count(sample => !sample.IsRobust)} of {count} test samples are fooled, whatever the "
                + "size of the perturbation";
    }

    private static string Number(double value, string format) => double.IsInfinity(value)
        ? "none: at most half are fooled"
        : value.ToString(format, CultureInfo.InvariantCulture);
}
