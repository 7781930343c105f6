using Temper.Data;
using Temper.Networks;
using Temper.Robustness.Feedback;
using Temper.Training;

namespace Temper.Robustness.Training;

/// <summary>
/// A method of robust training with which feedback learning is compared: an objective, and edits that choose the epoch.
/// </summary>
/// <param name="Name">Name of the defense.</param>
/// <param name="Objective">Objective of each step; null: the plain training loss.</param>
/// <param name="Edits">Edits that run after each epoch.</param>
/// <param name="Passes">
/// Cost of a step per sample; the cost of <see cref="RobustEarlyStopping"/> is not included.
/// </param>
public sealed record Defense(string Name, Objective? Objective, IReadOnlyList<IEpochEdit> Edits, PassCount Passes)
{
    /// <summary>Names accepted by <see cref="Create"/>.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "plain", "pgd", "trades", "mart", "fair", "noise", "corruptions",
    ];

    /// <summary>Creates a defense for one run.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="attack">Attack in each step; used by adversarial defenses only.</param>
    /// <param name="validation">Held-out samples, on which adversarial defenses choose the most robust epoch.</param>
    /// <param name="seed">Random seed of the attack on the held-out samples.</param>
    /// <param name="weightPerturbation">Gamma of AWP for adversarial defenses; 0: no weight perturbation.</param>
    /// <exception cref="ArgumentException">No defense has this name.</exception>
    public static Defense Create(
        string name, InnerAttack attack, Dataset validation, ulong seed, double weightPerturbation = 0)
    {
        ClassReweighting? fair =
            name is "fair" ? new ClassReweighting(validation, attack, validation.ClassNames.Count, seed) : null;
        Objective? objective = name switch
        {
            "plain" => null,
            "pgd" => new PgdTraining { Attack = attack, WeightPerturbation = weightPerturbation },
            "trades" => new TradesTraining { Attack = attack, WeightPerturbation = weightPerturbation },
            "mart" => new MartTraining { Attack = attack, WeightPerturbation = weightPerturbation },
            "fair" => fair!.Objective with { WeightPerturbation = weightPerturbation },
            "noise" => new CorruptionTraining { Families = [new NoisePath()] },
            "corruptions" => new CorruptionTraining(),
            _ => throw new ArgumentException(
                $"harden: no such defense (got '{name}', expected one of {string.Join(", ", Names)})"),
        };
        return objective is AdversarialObjective adversarial
            ? new Defense(name, adversarial, [new RobustEarlyStopping(validation, attack, seed), .. fair is null
                ? []
                : new IEpochEdit[] { fair }], adversarial.Passes)
            : new Defense(name, objective, [], PassCount.Plain);
    }

    /// <summary>Returns the number of epochs that costs about the given number of passes, at least one.</summary>
    /// <param name="passes">Number of forward and backward passes together.</param>
    /// <param name="samples">Number of training samples.</param>
    public int EpochsFor(long passes, int samples) =>
        (int)Math.Max(1, Math.Round((double)passes / Passes.Total / Math.Max(samples, 1)));

    /// <summary>
    /// Returns the resulting network of a training: that of the most robust epoch if one was chosen, else the last.
    /// </summary>
    /// <param name="trained">Result of the training.</param>
    public Network NetworkOf(TrainingResult trained) =>
        Edits.OfType<RobustEarlyStopping>().FirstOrDefault()?.Best ?? trained.Last;
}
