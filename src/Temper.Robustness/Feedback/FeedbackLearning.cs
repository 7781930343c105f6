using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Robustness.Feedback;

/// <summary>
/// Feedback learning. Each round measures how well each region of the decision space is learned, makes examples in
/// poorly learned regions, more of them for weak classes, and trains on them. The method follows the idea of Song et
/// al. (arXiv:1909.05443), whose text is not available; the formulas are Temper's own.
/// </summary>
/// <remarks>
/// Results depend only on seed, network and data, so a resumed run gives the same bytes as an uninterrupted one.
/// </remarks>
/// <example><code>
/// FeedbackResult hard = FeedbackLearning.Run(
///     network, new FeedbackOptions { Seed = 1, Training = training }, new MethodRun((train, validation)));
/// </code></example>
public sealed class FeedbackLearning
{
    private readonly FeedbackOptions _options;
    private readonly IMethodRun _run;
    private readonly Action<FeedbackRound>? _report;
    private readonly RandomStream _random;
    private readonly SampleReference _reference;
    private readonly CancellationToken _cancel;

    private FeedbackLearning(
        FeedbackOptions options, IMethodRun run, Action<FeedbackRound>? report, CancellationToken cancel)
    {
        (_options, _run, _report, _cancel) = (options, run, report, cancel);
        _random = RandomStream.FromSeed(options.Seed).Split("feedback");
        _reference = new SampleReference(run.Train);
    }

    /// <summary>Runs feedback learning.</summary>
    /// <param name="network">
    /// Trained classifier that states its input bounds and returns logits (see <see
    /// cref="Network.WithoutFinalSoftmax"/>); not modified.
    /// </param>
    /// <param name="options">Options of feedback learning.</param>
    /// <param name="run">Provides the data and runs the trainings.</param>
    /// <param name="report">Called with the result of each round.</param>
    /// <param name="cancel">Cancels a probe; trainings are canceled through <paramref name="run"/>.</param>
    /// <exception cref="ArgumentException">
    /// Options, network and samples do not match, or no family of <see cref="FeedbackOptions.Families"/> can be
    /// measured.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was canceled.</exception>
    public static FeedbackResult Run(
        Network network, FeedbackOptions options, IMethodRun run, Action<FeedbackRound>? report = null,
        CancellationToken cancel = default) =>
        new FeedbackLearning(options.Validated(), run, report, cancel).Run(network);

    private FeedbackResult Run(Network network)
    {
        (ProbeResult found, DecisionSpace space) = Probe(network, 0);
        if (!found.Families.Any(family => _options.Families.Contains(family.Name, StringComparer.Ordinal)))
        {
            string known = string.Join(", ", found.Families.Select(family => family.Name));
            throw new ArgumentException(
                "feedback learning: none of the families used for examples can be measured (got "
                + $"{string.Join(", ", _options.Families)}, expected at least one of {known})");
        }

        List<FeedbackRound> rounds =
        [
            Measured(new FeedbackRound(0, 0, 1, space, [], default, Passes(found)) { Network = network }),
        ];
        _report?.Invoke(rounds[0]);
        FeedbackReservoir reservoir = FeedbackReservoir.Empty(_options.KeptRounds);
        string? reason = null;
        while (reason is null)
        {
            int number = rounds.Count;
            FeedbackSet examples = Examples(found, rounds[^1].Space, number);
            reservoir = reservoir.With(examples);
            if (reservoir.Count == 0)
            {
                reason = "no feedback examples could be made";
                break;
            }

            network = _run.Fit($"round-{number}", network, Training(reservoir)).Last;
            (found, space) = Probe(network, number);
            PassCount training = PassCount.Plain * ((long)_run.Train.Count * _options.Epochs);
            double score = space.ScoreAgainst(rounds[0].Space);
            rounds.Add(Measured(
                new FeedbackRound(number, 0, score, space, examples.Classes, training, Passes(found))
                {
                    Network = network,
                }));
            _report?.Invoke(rounds[^1]);
            reason = RoundChoice.StopReason(rounds, _options);
        }

        (int best, bool isWithin) = RoundChoice.Choose(rounds, _options);
        return new FeedbackResult(rounds[best].Network!, rounds, best, isWithin, reason);
    }

    /// <summary>Measures a network on a new stratified random selection of training samples in each round.</summary>
    private (ProbeResult Found, DecisionSpace Space) Probe(Network network, int round)
    {
        int count = Math.Clamp(
            (int)Math.Round(_run.Train.Count * _options.ProbedPart), 1, Math.Min(_options.MaxProbed, _run.Train.Count));
        (_, Dataset probed) = StratifiedSplit.Of(_run.Train, count, _random.Split("samples").Split(round));
        (Tensor inputs, Tensor labels) = probed.Read(0, probed.Count);
        var target = new NetworkTarget(network);
        inputs = inputs.Reshape([probed.Count, .. target.SampleShape.AsSpan()]);
        ProbeResult found = DecisionSpaceProbe.Run(
            target, inputs, labels.AsSpan<long>(), _reference, _random.Split("directions").Split(round), _options.Probe,
            _cancel);
        return (found, DecisionSpace.Of(found));
    }

    private FeedbackSet Examples(ProbeResult found, DecisionSpace space, int round)
    {
        int count = Math.Max(1, (int)Math.Round(_run.Train.Count * _options.ExamplePart));
        int[] quotas = ClassQuotas.Of(space.Levels, count, _options.Gamma);
        return new FeedbackGenerator(found, space, _options, _random.Split("examples").Split(round))
            .Run(quotas, _run.Train.SampleShape);
    }

    private TrainingOptions Training(FeedbackReservoir reservoir) => _options.Training with
    {
        Epochs = _options.Epochs,
        Schedule = new ConstantSchedule(),
        EarlyStopping = null,
        Optimizer = _options.Training.Optimizer with
        {
            LearningRate = (float)(_options.Training.Optimizer.LearningRate * _options.RateFactor),
        },
        Objective = new FeedbackObjective
        {
            Reservoir = reservoir, Share = _options.FeedbackShare, Loss = _options.Training.Loss,
        },
    };

    /// <summary>Measures the round's network on the held-out samples.</summary>
    private FeedbackRound Measured(FeedbackRound round)
    {
        EvaluationResult result = _run.Evaluate(round.Network!, _run.Validation, _cancel);
        return round with { Accuracy = result.Accuracy, Right = [.. result.IsRight] };
    }

    private static PassCount Passes(ProbeResult found) => new(found.Forwards, found.Backwards);
}
