using Temper.Data;
using Temper.Networks;
using Temper.Robustness.Feedback;
using Temper.Training;

namespace Temper.Robustness.Training;

/// <summary>
/// A way to train against perturbations that feedback learning is compared with: an objective, and edits that choose
/// the epoch.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Objective">What a step minimizes; null: the loss of the batch as it comes.</param>
/// <param name="Edits">Edits between epochs.</param>
/// <param name="Passes">
/// What a step costs for each sample; that of <see cref="RobustEarlyStopping"/> is not counted.
/// </param>
public sealed record Defense(string Name, Objective? Objective, IReadOnlyList<IEpochEdit> Edits, PassCount Passes)
{
    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "plain", "pgd", "trades", "mart", "fair", "noise", "corruptions",
    ];

    /// <summary>Makes a defense for one run.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="attack">The attack in each step of those that have one.</param>
    /// <param name="validation">Held-out samples that choose the most robust epoch of those that attack.</param>
    /// <param name="seed">Random numbers of the attack on the held-out samples.</param>
    /// <param name="weightPerturbation">Gamma of AWP for those that attack; 0: none.</param>
    /// <exception cref="ArgumentException">There is no such defense.</exception>
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

    /// <summary>Epochs that cost about as many passes as were spent elsewhere; one or more.</summary>
    /// <param name="passes">Forward and backward passes together.</param>
    /// <param name="samples">Training samples.</param>
    public int EpochsFor(long passes, int samples) =>
        (int)Math.Max(1, Math.Round((double)passes / Passes.Total / Math.Max(samples, 1)));

    /// <summary>
    /// The network that a training by this defense gives: the most robust epoch's where there is one, else the last.
    /// </summary>
    /// <param name="trained">What the trainer gave.</param>
    public Network NetworkOf(TrainingResult trained) =>
        Edits.OfType<RobustEarlyStopping>().FirstOrDefault()?.Best ?? trained.Last;
}
