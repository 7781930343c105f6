using System.Globalization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Feedback;

/// <summary>The largest change that an attacker may make.</summary>
/// <param name="Norm">How it is measured.</param>
/// <param name="Epsilon">Its size in units of the inputs.</param>
public sealed record AttackBudget(Norm Norm, double Epsilon)
{
    /// <summary>Such as <c>linf-0.03</c>.</summary>
    public string Name =>
        string.Create(CultureInfo.InvariantCulture, $"{Norm.ToString().ToLowerInvariant()}-{Epsilon:0.#####}");
}

/// <summary>Which samples are still right under an attack.</summary>
/// <param name="Attack">Name of the attack.</param>
/// <param name="Budget">What it may do.</param>
/// <param name="IsRight">One for each sample.</param>
public sealed record AttackedAccuracy(string Attack, AttackBudget Budget, IReadOnlyList<bool> IsRight)
{
    /// <summary>Part of the samples that is right, 0 to 1.</summary>
    public double Value => IsRight.Count == 0 ? double.NaN : IsRight.Count(right => right) / (double)IsRight.Count;

    /// <summary>The accuracy under attack of each class; NaN for a class without samples.</summary>
    /// <param name="labels">The samples' classes.</param>
    /// <param name="classes">K.</param>
    public IReadOnlyList<double> OfClasses(IReadOnlyList<int> labels, int classes) =>
        [.. Enumerable.Range(0, classes).Select(k => labels.Zip(IsRight).Where(pair =>
            pair.First == k).Select(pair => pair.Second ? 1.0 : 0).DefaultIfEmpty(double.NaN).Average())];
}

/// <summary>How a network stands up to attacks that it was not trained on.</summary>
/// <param name="Accuracies">Accuracy by attack and budget.</param>
/// <param name="Distances">
/// L2 distance of each sample to its nearest adversarial by DDN with 100 steps: 0 where the network is wrong, infinite
/// where none was found.
/// </param>
/// <param name="Labels">The samples' classes.</param>
public sealed record AttackedNetwork(
    IReadOnlyList<AttackedAccuracy> Accuracies, IReadOnlyList<double> Distances, IReadOnlyList<int> Labels)
{
    /// <summary>Median of <see cref="Distances"/>; NaN where DDN did not run.</summary>
    public double MedianDistance => DistanceSummary.Percentile(Distances.Order().ToArray(), 0.5);
}

/// <summary>
/// The check by attacks that no example was made with: AutoAttack within budgets, and DDN-100 for the nearest
/// adversarial.
/// </summary>
public sealed record UntrainedCheck
{
    /// <summary>Budgets; those in the norms L2 and Linf.</summary>
    public required IReadOnlyList<AttackBudget> Budgets { get; init; }

    /// <summary>Steps of AutoAttack's gradient attacks; the authors' 100.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Queries of its last member; the authors' 5,000.</summary>
    public int Queries { get; init; } = 5000;

    /// <summary>Attacks some samples.</summary>
    /// <param name="target">The network.</param>
    /// <param name="inputs">Clean samples, <c>[N, ...]</c>.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="random">Random numbers of the attacks.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
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
                new AttackedAccuracy(attack.Name, budget, [.. found.Samples.Select(sample => !sample.IsAdversarial)]));
        }

        AttackResult nearest = new Ddn().Run(target, inputs, criterion, random.Split("ddn"), null, cancel);
        double[] distances = [.. nearest.Samples.Select(
            sample => sample.IsAdversarial ? sample.L2 : double.PositiveInfinity)];
        accuracies.AddRange(Budgets.Where(budget => budget.Norm == Norm.L2)
            .Select(budget =>
                new AttackedAccuracy("ddn", budget, [.. distances.Select(distance => distance > budget.Epsilon)])));
        return new AttackedNetwork(accuracies, distances, classes);
    }
}
