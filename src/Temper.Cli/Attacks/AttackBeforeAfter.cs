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
/// A quick look, in seconds, at how easily networks are fooled, beside one another: <c>temper attack</c> measures it in
/// earnest.
/// </summary>
internal static class AttackBeforeAfter
{
    private const int MaxSamples = 64;

    private const double Radius = 0.1;

    /// <summary>
    /// The smallest change that fools each network, and what is right in a ball, on the first samples.
    /// </summary>
    /// <param name="run">Told the result.</param>
    /// <param name="networks">Classifiers of inputs of 0 to 1, by name.</param>
    /// <param name="test">Samples that chose nothing.</param>
    /// <param name="cancel">Stops it.</param>
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
            run.Note($"{name}: half of {count} test samples are fooled by a change of {median} in L2; {right} % are "
                + $"right under PGD of {Radius.ToString(CultureInfo.InvariantCulture)} in L-inf");
        }

        return new Section("How easily they are fooled",
        [
            new Paragraph(string.Create(CultureInfo.InvariantCulture,
                $"On {count} test samples, with few steps: a quick look, and upper bounds of robustness. temper attack "
                + $"measures it in earnest, with a verdict.")),
            new DataTable(["network", "#right, %", "#median smallest change, L2", string.Create(
                CultureInfo.InvariantCulture, $"#right under PGD, L-inf {Radius}, %")], rows),
        ]);
    }

    private static string Number(double value, string format) =>
        double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "none found";
}
