using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// The function that training minimizes. It is computed in two phases: first the batch is prepared without a tape
/// (attacks, teachers, mixing samples), then the loss is computed under a tape. Adversarial training, feedback learning
/// and distillation are objectives; none of them needs its own trainer.
/// </summary>
/// <remarks>
/// An objective must keep no state between steps, so that a resumed run gives bit-identical results. See
/// docs/how-to-add-an-objective-or-a-regularizer.md for an example.
/// </remarks>
public abstract record Objective : IFingerprinted
{
    /// <summary>
    /// The loss of the labels in this objective, by default null: a plain mean over the samples, or none. Several ranks
    /// sum the losses of their samples; with class weights that is not the loss of the batch, so that training rejects
    /// them.
    /// </summary>
    public virtual TrainingLoss? LabelLoss => null;

    /// <summary>
    /// First phase: prepares the batch on which the loss is computed. Nothing is recorded on a tape. Tensors created
    /// here live only for the current step; call <see cref="Tensor.Detach"/> on a tensor that must live longer.
    /// </summary>
    /// <param name="network">The network being trained; must not be changed.</param>
    /// <param name="batch">The augmented batch from the loader.</param>
    /// <param name="stream">Random stream of this batch.</param>
    /// <returns>The batch, or another one with the same index; by default the batch itself.</returns>
    public virtual Batch Prepare(Network network, Batch batch, RandomStream stream) => batch;

    /// <summary>Second phase: computes the loss of the prepared batch.</summary>
    /// <param name="network">The network being trained.</param>
    /// <param name="pass">A training pass; use <see cref="Pass.Tap"/> to read values inside the network.</param>
    /// <param name="batch">The prepared batch.</param>
    public abstract ObjectiveValue Value(Network network, Pass pass, Batch batch);

    /// <inheritdoc/>
    public abstract JsonNode Fingerprint();
}

/// <summary>Result of an objective for one batch.</summary>
/// <param name="Loss">Scalar loss: the mean over the batch.</param>
/// <param name="Output">Output of the network, used to count training accuracy; null: accuracy is not counted.</param>
public readonly record struct ObjectiveValue(Tensor Loss, Tensor? Output);

/// <summary>The default objective: a loss of the network's output and the targets.</summary>
/// <param name="Loss">The loss to minimize.</param>
public sealed record SupervisedObjective(TrainingLoss Loss) : Objective
{
    /// <inheritdoc/>
    public override TrainingLoss? LabelLoss => Loss;

    /// <inheritdoc/>
    public override ObjectiveValue Value(Network network, Pass pass, Batch batch)
    {
        Tensor output = network.Forward(batch.Inputs, pass);
        return new ObjectiveValue(Loss.Value(output, batch.Targets), output);
    }

    /// <inheritdoc/>
    public override JsonNode Fingerprint() => Fingerprints.Of(Loss);
}
