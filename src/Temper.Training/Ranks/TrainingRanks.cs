using System.Collections.ObjectModel;
using Temper.Data;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// Interface between the trainer and the other ranks of a run (processes, or threads in tests). All ranks must make the
/// same calls in the same order.
/// </summary>
/// <remarks>
/// A rank may train a shard of the network. Then <see cref="Begin"/> reduces the learner's network to that shard, <see
/// cref="Share"/> selects the samples whose loss this rank computes, and <see cref="Whole"/> reassembles the network
/// for evaluation and checkpoints.
/// </remarks>
public abstract class TrainingRanks
{
    /// <summary>A run with a single rank: all methods do nothing.</summary>
    public static TrainingRanks One { get; } = new Single();

    /// <summary>Index of this rank and number of ranks. Rank 0 writes checkpoints.</summary>
    public abstract BatchPart Part { get; }

    /// <summary>The part of each batch that this rank reads.</summary>
    public virtual BatchPart LoadedPart => Part;

    /// <summary>
    /// Called once, before the first step. Rejects options that ranks cannot share, and reduces the network to this
    /// rank's shard.
    /// </summary>
    /// <param name="learner">The learner, with the complete network.</param>
    /// <param name="options">Options of the run.</param>
    /// <exception cref="NotSupportedException">An option or the network is not supported on several ranks.</exception>
    public virtual void Begin(Learner learner, TrainingOptions options)
    {
    }

    /// <summary>
    /// Returns this rank's random stream, so that each rank draws different numbers for its own samples.
    /// </summary>
    /// <param name="stream">Random stream of the step.</param>
    public virtual RandomStream StreamOf(RandomStream stream) => stream;

    /// <summary>Returns the batch with targets only for the samples whose loss this rank computes.</summary>
    /// <param name="batch">The batch that was read.</param>
    /// <param name="samples">Number of samples of the batch on all ranks.</param>
    public virtual Batch Share(Batch batch, int samples) => batch;

    /// <summary>
    /// Adds this rank's options to a gradient computation: batch statistics over all ranks, reductions that start
    /// during the backward pass.
    /// </summary>
    /// <param name="request">The request made by the trainer.</param>
    public virtual GradientRequest Request(GradientRequest request) => request;

    /// <summary>Replaces gradients by their sums over the ranks that hold the same parameters.</summary>
    /// <param name="gradients">Gradients of this rank's samples.</param>
    public virtual void Reduce(Gradients gradients)
    {
    }

    /// <summary>Replaces each value by its sum over all ranks, added in rank order.</summary>
    /// <param name="values">The values; changed in place.</param>
    public virtual void Sum(Span<double> values)
    {
    }

    /// <summary>
    /// Returns a learner with the parameters of all ranks; the same learner if each rank has all parameters.
    /// </summary>
    /// <param name="learner">The learner of this rank.</param>
    public virtual Learner Whole(Learner learner) => learner;

    /// <summary>Runs the edits between epochs, identically on all ranks.</summary>
    /// <param name="learner">The learner of this rank.</param>
    /// <param name="whole">
    /// The learner with the parameters of all ranks. If ranks have shards it is a copy, which is saved after the call.
    /// </param>
    /// <param name="edit">Edits a learner that has the complete parameters.</param>
    public virtual void Edit(Learner learner, Learner whole, Action<Learner> edit) => edit(learner);

    /// <summary>
    /// Returns the options of the exchange between several ranks that change results, by name; empty on one rank. A run
    /// that resumes on several ranks must have those of the ranks that wrote the checkpoint.
    /// </summary>
    internal virtual SortedDictionary<string, string> ExchangeOptions() => new(StringComparer.Ordinal);

    /// <summary>
    /// Returns values that differ between the ranks within an epoch and that <see cref="Whole"/> combines, of all
    /// ranks, by name. A checkpoint within an epoch needs them for a resume with the same bytes.
    /// </summary>
    /// <param name="learner">The learner of this rank, before <see cref="Whole"/>.</param>
    internal virtual IReadOnlyDictionary<string, Tensor> SaveOwn(Learner learner) =>
        ReadOnlyDictionary<string, Tensor>.Empty;

    /// <summary>
    /// Restores this rank's part of the values returned by <see cref="SaveOwn"/>, if they were saved by as many ranks.
    /// Called after <see cref="Begin"/>.
    /// </summary>
    /// <param name="learner">The learner of this rank.</param>
    /// <param name="values">The saved values, by name; empty for a run that starts or resumes at an epoch.</param>
    internal virtual void RestoreOwn(Learner learner, IReadOnlyDictionary<string, Tensor> values)
    {
    }

    /// <summary>Returns whether a condition holds on any rank, so that all ranks stop at the same step.</summary>
    internal bool Any(bool own)
    {
        Span<double> sum = [own ? 1 : 0];
        Sum(sum);
        return sum[0] > 0;
    }

    private sealed class Single : TrainingRanks
    {
        public override BatchPart Part => BatchPart.Whole;
    }
}
