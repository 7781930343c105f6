using Temper.Training;

namespace Temper.Robustness.Feedback;

/// <summary>
/// How feedback learning goes on from a trained network. The paper's text is not available: all numbers are ours.
/// </summary>
public sealed record FeedbackOptions
{
    /// <summary>Decides which samples are probed, in which random directions, and which examples are made.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Most rounds; one or more.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Part of the training samples that a round probes, above 0 to 1.</summary>
    public double ProbedPart { get; init; } = 0.2;

    /// <summary>Most samples that a round probes; one or more.</summary>
    public int MaxProbed { get; init; } = 2000;

    /// <summary>N: feedback examples of a round, as a part of the training samples; above zero.</summary>
    public double ExamplePart { get; init; } = 0.3;

    /// <summary>Gamma: how strongly weak classes get more examples; 0: equal shares.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>Smallest place of an example on its path, as a part of the distance to the boundary.</summary>
    public double MinAlpha { get; init; } = 0.9;

    /// <summary>Largest place of an example on its path.</summary>
    public double MaxAlpha { get; init; } = 1.1;

    /// <summary>
    /// Names of the families of directions in which examples are made; those that cannot be measured on a network are
    /// left out.
    /// </summary>
    public IReadOnlyList<string> Families { get; init; } = ["adversarial", "random", "nearest", "class-mean"];

    /// <summary>Part of each batch that is feedback examples, above 0 to 1.</summary>
    public double FeedbackShare { get; init; } = 0.3;

    /// <summary>Rounds whose examples are kept; one or more.</summary>
    public int KeptRounds { get; init; } = 2;

    /// <summary>E: epochs of a round; one or more.</summary>
    public int Epochs { get; init; } = 2;

    /// <summary>Times the learning rate of <see cref="Training"/>.</summary>
    public double RateFactor { get; init; } = 0.1;

    /// <summary>Rounds go on while the mean of the criteria rises by at least this part.</summary>
    public double MinGain { get; init; } = 0.01;

    /// <summary>Largest loss of accuracy on held-out samples, as a part: 0.005 is half a point.</summary>
    public double MaxAccuracyDrop { get; init; } = 0.005;

    /// <summary>How the decision space is measured.</summary>
    public ProbeOptions Probe { get; init; } = new();

    /// <summary>Training as it made the network; epochs, schedule and objective are set by the method.</summary>
    public required TrainingOptions Training { get; init; }

    internal FeedbackOptions Validated()
    {
        Require(Rounds >= 1 && Epochs >= 1
            && KeptRounds >= 1 && MaxProbed >= 1, "rounds, epochs, kept rounds and probed samples are one or more");
        Require(
            ProbedPart is > 0 and <= 1 && ExamplePart is > 0 and <= 10 && FeedbackShare is > 0 and <= 1,
            "parts are above 0, those of batches and probed samples at most 1");
        Require(
            Gamma >= 0 && double.IsFinite(Gamma) && RateFactor > 0 && MinGain >= 0 && MaxAccuracyDrop is >= 0 and <= 1,
            "gamma, gains and drops are zero or more, the rate's factor is above zero");
        Require(MinAlpha >= 0
            && MaxAlpha >= MinAlpha && double.IsFinite(MaxAlpha), "alphas are zero or more, the smaller first");
        Require(Families.Count > 0, "examples need a family of directions");
        _ = Families.Select(DirectionFamily.ByName).ToArray();
        return this;

        void Require(bool holds, string expected)
        {
            if (!holds)
            {
                throw new ArgumentException(
                    $"FeedbackOptions: an option is out of range (got {this}; expected: {expected})");
            }
        }
    }
}
