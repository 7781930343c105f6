using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Robustness.Training;

/// <summary>
/// Class-fair adversarial training by reweighting (after the Reweight variant of FRL, arXiv:2010.06121). After each
/// epoch, classes with an above-average error under attack get a larger weight in the loss. Use <see cref="Objective"/>
/// as the objective and this object as an edit of the same run.
/// </summary>
public sealed class ClassReweighting : IEpochEdit
{
    private readonly Dataset _samples;
    private readonly InnerAttack _attack;
    private readonly int _classes;
    private readonly ulong _seed;
    private float[] _weights;

    /// <summary>Creates the edit with equal weights.</summary>
    /// <param name="samples">Held-out samples to attack after each epoch.</param>
    /// <param name="attack">Attack on the held-out samples and in training.</param>
    /// <param name="classes">Number of classes K.</param>
    /// <param name="seed">Random seed of the attack on the held-out samples.</param>
    public ClassReweighting(Dataset samples, InnerAttack attack, int classes, ulong seed)
    {
        (_samples, _attack, _classes, _seed) = (samples, attack, classes, seed);
        _weights = [.. Enumerable.Repeat(1f, classes)];
        Objective = new FairTraining(this) { Attack = attack };
    }

    /// <summary>
    /// Update rate of the weights: w_k *= exp(rate (error_k - mean error)), then rescaled to a mean of 1.
    /// </summary>
    public double Rate { get; init; } = 1;

    /// <summary>Adversarial training with the current weights.</summary>
    public AdversarialObjective Objective { get; }

    /// <summary>Weight of each class; the mean is 1.</summary>
    public IReadOnlyList<float> Weights => _weights;

    /// <inheritdoc/>
    public string Name => "class-reweighting";

    /// <inheritdoc/>
    public void AfterEpoch(Learner learner, EpochResult epoch)
    {
        double[] errors = Errors(learner.Network);
        double mean = errors.Average();
        double[] moved = [.. _weights.Select((weight, k) => weight * Math.Exp(Rate * (errors[k] - mean)))];
        double scale = _classes / moved.Sum();
        _weights = [.. moved.Select(weight => (float)(weight * scale))];
    }

    /// <inheritdoc/>
    public JsonNode? Save() => new JsonArray([.. _weights.Select(weight => (JsonNode)weight)]);

    /// <inheritdoc/>
    public void Restore(JsonNode? state)
    {
        if (state is JsonArray saved && saved.Count == _classes)
        {
            _weights = [.. saved.Select(weight => (float)weight!)];
        }
    }

    /// <inheritdoc/>
    public JsonNode Fingerprint() => new JsonObject
    {
        ["attack"] = _attack.Fingerprint(), ["samples"] = _samples.Count, ["rate"] = Rate, ["seed"] = _seed,
    };

    /// <summary>Returns the error of each class under attack; the overall error for a class without samples.</summary>
    private double[] Errors(Network network)
    {
        int[] wrong = new int[_classes], counts = new int[_classes];
        foreach ((long answer, long label) in AttackedAnswers.Of(network, _samples, _attack, _seed))
        {
            counts[label]++;
            wrong[label] += answer == label ? 0 : 1;
        }

        double all = wrong.Sum() / (double)Math.Max(counts.Sum(), 1);
        return [.. wrong.Select((count, k) => counts[k] == 0 ? all : count / (double)counts[k])];
    }

    /// <summary>
    /// Weights for a number of outputs. A network may know classes that the samples do not have; they weigh 1.
    /// </summary>
    private float[] WeightsFor(int outputs) => outputs <= _classes
        ? _weights
        : [.. _weights, .. Enumerable.Repeat(1f, outputs - _classes)];

    private sealed record FairTraining(ClassReweighting Owner) : AdversarialObjective
    {
        public override TrainingLoss? LabelLoss => new CrossEntropyLoss { ClassWeights = Owner.Weights };

        public override JsonNode Fingerprint() =>
            new JsonObject { ["adversarial"] = base.Fingerprint(), ["weights"] = "by class" };

        private protected override ObjectiveValue Loss(Network network, Pass pass, Batch batch)
        {
            Tensor output = network.Forward(batch.Inputs, pass);
            var options = new CrossEntropyOptions { ClassWeights = Owner.WeightsFor(output.Shape[1]) };
            return new ObjectiveValue(output.CrossEntropy(batch.Targets, options), output);
        }
    }
}
