using System.Globalization;
using Temper.Training;

namespace Temper.Robustness.Feedback;

/// <summary>
/// Options of feedback learning on a trained network. The paper's text is not available, so all defaults are Temper's
/// own.
/// </summary>
public sealed record FeedbackOptions
{
    /// <summary>Random seed that determines the probed samples, the random directions and the examples.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Maximum number of rounds, one or more.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Fraction of the training samples probed per round, above 0 and at most 1.</summary>
    public double ProbedPart { get; init; } = 0.2;

    /// <summary>Maximum number of samples probed per round, one or more.</summary>
    public int MaxProbed { get; init; } = 2000;

    /// <summary>
    /// Number of feedback examples made per round, as a fraction of the number of training samples; above 0 and at most
    /// 10.
    /// </summary>
    public double ExamplePart { get; init; } = 0.3;

    /// <summary>
    /// Gamma: how strongly weak classes are favored in the number of examples, zero or more; 0: equal shares.
    /// </summary>
    public double Gamma { get; init; } = 1;

    /// <summary>
    /// Smallest position of an example on its path, relative to the distance to the boundary; zero or more.
    /// </summary>
    public double MinAlpha { get; init; } = 0.9;

    /// <summary>Largest position of an example on its path, relative to the distance to the boundary.</summary>
    public double MaxAlpha { get; init; } = 1.1;

    /// <summary>
    /// Names of the families of directions used for examples; those that cannot be measured on a network are skipped.
    /// </summary>
    public IReadOnlyList<string> Families { get; init; } = ["adversarial", "random", "nearest", "class-mean"];

    /// <summary>Fraction of each batch taken from the feedback examples, above 0 and at most 1.</summary>
    public double FeedbackShare { get; init; } = 0.3;

    /// <summary>Number of rounds whose examples are kept, one or more.</summary>
    public int KeptRounds { get; init; } = 2;

    /// <summary>Number of epochs per round, one or more.</summary>
    public int Epochs { get; init; } = 2;

    /// <summary>Factor applied to the learning rate of <see cref="Training"/>, above zero.</summary>
    public double RateFactor { get; init; } = 0.1;

    /// <summary>
    /// Minimum relative increase of the criteria per round, zero or more; a smaller increase ends the run.
    /// </summary>
    public double MinGain { get; init; } = 0.01;

    /// <summary>
    /// Maximum loss of accuracy on held-out samples, 0 to 1; 0.005: 0.5 percentage points. The round that is kept is
    /// chosen among those within it; the run ends early only if the loss is significantly larger (paired, 95 %).
    /// </summary>
    public double MaxAccuracyDrop { get; init; } = 0.005;

    /// <summary>Options of the probe that measures the decision space.</summary>
    public ProbeOptions Probe { get; init; } = new();

    /// <summary>
    /// Options of the training that produced the network. Epochs, learning rate, schedule, early stopping and objective
    /// are overridden.
    /// </summary>
    public required TrainingOptions Training { get; init; }

    internal FeedbackOptions Validated()
    {
        Require(
            Rounds >= 1 && Epochs >= 1 && KeptRounds >= 1 && MaxProbed >= 1,
            $"Rounds {Rounds}, Epochs {Epochs}, KeptRounds {KeptRounds}, MaxProbed {MaxProbed}",
            "Rounds, Epochs, KeptRounds and MaxProbed of 1 or more");
        Require(
            ProbedPart is > 0 and <= 1 && ExamplePart is > 0 and <= 10 && FeedbackShare is > 0 and <= 1,
            $"ProbedPart {ProbedPart}, FeedbackShare {FeedbackShare}, ExamplePart {ExamplePart}",
            "ProbedPart and FeedbackShare above 0 and at most 1, ExamplePart above 0 and at most 10");
        Require(
            Gamma >= 0 && double.IsFinite(Gamma) && RateFactor > 0 && MinGain >= 0 && MaxAccuracyDrop is >= 0 and <= 1,
            $"Gamma {Gamma}, MinGain {MinGain}, MaxAccuracyDrop {MaxAccuracyDrop}, RateFactor {RateFactor}",
            "Gamma and MinGain of zero or more, MaxAccuracyDrop in 0 to 1, RateFactor above zero");
        Require(
            MinAlpha >= 0 && MaxAlpha >= MinAlpha && double.IsFinite(MaxAlpha),
            $"MinAlpha {MinAlpha}, MaxAlpha {MaxAlpha}", "0 <= MinAlpha <= MaxAlpha");
        Require(Families.Count > 0, $"{Families.Count} families", "at least one family");
        _ = Families.Select(DirectionFamily.ByName).ToArray();
        return this;

        static void Require(bool holds, FormattableString found, string expected)
        {
            if (!holds)
            {
                string got = found.ToString(CultureInfo.InvariantCulture);
                throw new ArgumentException(
                    $"FeedbackOptions: an option is out of range (got {got}; expected {expected})");
            }
        }
    }
}
