using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// What a training step minimizes, in two phases: the batch is prepared without a tape (attacks, teachers, mixing
/// samples), then the loss is computed under one. Adversarial training, feedback training and distillation are
/// objectives; none has a trainer of its own.
/// </summary>
/// <remarks>
/// An objective keeps no state from step to step, so that a run resumes to the same bytes.
/// docs/how-to-add-an-objective-or-a-regularizer.md shows one.
/// </remarks>
public abstract record Objective : IFingerprinted
{
    /// <summary>
    /// Phase one: makes the batch that the loss is computed of. Nothing is recorded. The memory of tensors that are
    /// made here is rented for the step: <see cref="Tensor.Detach"/> one that has to last.
    /// </summary>
    /// <param name="network">The network that trains; not to be changed.</param>
    /// <param name="batch">From the loader, augmented.</param>
    /// <param name="stream">Random numbers of this batch.</param>
    /// <returns>The batch, or another one with the same index; by default the batch itself.</returns>
    public virtual Batch Prepare(Network network, Batch batch, RandomStream stream) => batch;

    /// <summary>Phase two: the loss of a prepared batch.</summary>
    /// <param name="network">The network that trains.</param>
    /// <param name="pass">A training pass; <see cref="Pass.Tap"/> it to read values inside the network.</param>
    /// <param name="batch">The prepared batch.</param>
    public abstract ObjectiveValue Value(Network network, Pass pass, Batch batch);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();
}

/// <summary>What an objective found for one batch.</summary>
/// <param name="Loss">A scalar: the mean over the batch.</param>
/// <param name="Output">The network's output, from which training accuracy is counted; null: it is not.</param>
public readonly record struct ObjectiveValue(Tensor Loss, Tensor? Output);

/// <summary>The default: the loss of the network's output and the targets.</summary>
/// <param name="Loss">The loss to minimize.</param>
public sealed record SupervisedObjective(TrainingLoss Loss) : Objective
{
    /// <inheritdoc/>
    public override ObjectiveValue Value(Network network, Pass pass, Batch batch)
    {
        Tensor output = network.Forward(batch.Inputs, pass);
        return new ObjectiveValue(Loss.Value(output, batch.Targets), output);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => Fingerprints.Of(Loss);
}
