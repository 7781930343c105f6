using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Outside;

/// <summary>Adversarial training (arXiv:1706.06083) as an objective: attacks each batch, then trains on it.</summary>
public sealed record PgdTraining : Objective
{
    /// <summary>Maximum change of a value.</summary>
    public float Epsilon { get; init; } = 0.1f;

    /// <summary>Number of attack steps.</summary>
    public int Steps { get; init; } = 3;

    /// <summary>Attacks the batch. The trainer's tape does not record the attack.</summary>
    /// <inheritdoc/>
    public override Batch Prepare(Network network, Batch batch, RandomStream stream)
    {
        Tensor x = batch.Inputs;
        float step = 2 * Epsilon / Steps;
        for (int i = 0; i < Steps; i++)
        {
            using var tape = new GradientTape();
            tape.Watch(x);
            Tensor gradient = tape.Gradient(network.Forward(x).CrossEntropy(batch.Targets), x).Detach();
            Tensor moved = x.Detach() + (gradient.Sign() * step);
            x = (batch.Inputs + (moved - batch.Inputs).Clamp(-Epsilon, Epsilon)).Clamp(0, 1).Detach();
        }

        return batch with { Inputs = x };
    }

    /// <inheritdoc/>
    public override ObjectiveValue Value(Network network, Pass pass, Batch batch)
    {
        Tensor output = network.Forward(batch.Inputs, pass);
        return new ObjectiveValue(output.CrossEntropy(batch.Targets), output);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => new JsonObject { ["epsilon"] = Epsilon, ["steps"] = Steps };
}
