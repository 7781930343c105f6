using System.Globalization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>The maximum perturbation of an attacker.</summary>
/// <param name="Norm">Norm of the perturbation.</param>
/// <param name="Epsilon">Maximum size, in units of the inputs.</param>
public sealed record AttackBudget(Norm Norm, double Epsilon)
{
    /// <summary>Name such as <c>linf-0.03</c>.</summary>
    public string Name =>
        string.Create(CultureInfo.InvariantCulture, $"{Norm.ToString().ToLowerInvariant()}-{Epsilon:0.#####}");
}

/// <summary>Which samples are classified correctly under an attack.</summary>
/// <param name="Attack">Name of the attack.</param>
/// <param name="Budget">Maximum perturbation.</param>
/// <param name="IsRight">
/// Whether each sample is classified correctly under attack; false where logits or gradients were not finite.
/// </param>
public sealed record AttackedAccuracy(string Attack, AttackBudget Budget, IReadOnlyList<bool> IsRight)
{
    /// <summary>Accuracy under attack, 0 to 1; NaN without samples.</summary>
    public double Value => IsRight.Count == 0 ? double.NaN : IsRight.Count(right => right) / (double)IsRight.Count;

    /// <summary>Returns the accuracy under attack of each class; NaN for a class without samples.</summary>
    /// <param name="labels">True class of each sample.</param>
    /// <param name="classes">Number of classes K.</param>
    public IReadOnlyList<double> OfClasses(IReadOnlyList<int> labels, int classes) =>
        [.. Enumerable.Range(0, classes).Select(k => labels.Zip(IsRight).Where(pair =>
            pair.First == k).Select(pair => pair.Second ? 1.0 : 0).DefaultIfEmpty(double.NaN).Average())];
}

/// <summary>Results of a network under attacks that were not used in training.</summary>
/// <param name="Accuracies">Accuracy for each attack and budget.</param>
/// <param name="Distances">
/// L2 distance of each sample to its nearest adversarial example, found by DDN with 100 steps: 0 if the sample is
/// misclassified or its logits or gradients were not finite, infinite if none was found.
/// </param>
/// <param name="Labels">True class of each sample.</param>
public sealed record AttackedNetwork(
    IReadOnlyList<AttackedAccuracy> Accuracies, IReadOnlyList<double> Distances, IReadOnlyList<int> Labels)
{
    /// <summary>Median of <see cref="Distances"/>; NaN without samples.</summary>
    public double MedianDistance => Percentiles.Of(Distances.Order().ToArray(), 0.5);
}

/// <summary>
/// Checks a network with attacks that were not used in training: AutoAttack within budgets, and DDN with 100 steps for
/// the distance to the nearest adversarial example.
/// </summary>
public sealed record UntrainedCheck
{
    /// <summary>Budgets to check, in <see cref="Norm.L2"/> and <see cref="Norm.Linf"/>.</summary>
    public required IReadOnlyList<AttackBudget> Budgets { get; init; }

    /// <summary>Steps of AutoAttack's gradient attacks; the authors use 100.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Queries of AutoAttack's last attack, Square; the authors use 5,000.</summary>
    public int Queries { get; init; } = 5000;

    /// <summary>Attacks a set of samples.</summary>
    /// <param name="target">Target to attack.</param>
    /// <param name="inputs">Clean samples, <c>[N, ...]</c>.</param>
    /// <param name="labels">True class of each sample.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <param name="cancel">Cancels the attacks.</param>
    /// <exception cref="OperationCanceledException">The check was canceled.</exception>
    public AttackedNetwork Run(
        AttackTarget target, Tensor inputs, ReadOnlySpan<long> labels, RandomStream random,
        CancellationToken cancel = default)
    {
        Criterion criterion = Criterion.Misclassified(labels);
        int[] classes = Array.ConvertAll(labels.ToArray(), label => (int)label);
        List<AttackedAccuracy> accuracies = [];
        foreach (AttackBudget budget in Budgets)
        {
            var attack =
                new AutoAttack { Epsilon = budget.Epsilon, Norm = budget.Norm, Steps = Steps, Queries = Queries };
            AttackResult found = attack.Run(target, inputs, criterion, random.Split(budget.Name), null, cancel);
            accuracies.Add(
                new AttackedAccuracy(attack.Name, budget, [.. found.Samples.Select(sample => sample.IsRobust)]));
        }

        AttackResult nearest = new Ddn().Run(target, inputs, criterion, random.Split("ddn"), null, cancel);
        double[] distances = [.. nearest.Samples.Select(
            sample => sample.IsRobust ? double.PositiveInfinity : sample.L2)];
        accuracies.AddRange(Budgets.Where(budget => budget.Norm == Norm.L2)
            .Select(budget =>
                new AttackedAccuracy("ddn", budget, [.. distances.Select(distance => distance > budget.Epsilon)])));
        return new AttackedNetwork(accuracies, distances, classes);
    }
}
