using Temper.Data;
using Temper.Randomness;

namespace Temper.Training;

/// <summary>
/// How the trainer shares a run with other ranks (processes, or threads in tests): the one seam through which it learns
/// of them. All ranks make the same calls in the same order.
/// </summary>
/// <remarks>
/// A rank may train a shard of the network. Then <see cref="Begin"/> cuts the learner's network down to it,
/// <see cref="Share"/> says which samples this rank computes the loss of, and <see cref="Whole"/> puts the network
/// together again for evaluation and checkpoints.
/// </remarks>
public abstract class TrainingRanks
{
    /// <summary>A run on one rank: every call leaves things as they are.</summary>
    public static TrainingRanks One { get; } = new Single();

    /// <summary>Which of the ranks this one is. Rank 0 writes checkpoints.</summary>
    public abstract BatchPart Part { get; }

    /// <summary>The part of each batch that this rank reads.</summary>
    public virtual BatchPart LoadedPart => Part;

    /// <summary>
    /// Called once, before the first step: refuses options that cannot be shared, and changes the network to this
    /// rank's shard.
    /// </summary>
    /// <param name="learner">Holds the whole network.</param>
    /// <param name="options">Of the run.</param>
    /// <exception cref="NotSupportedException">An option, or the network, cannot be trained like this.</exception>
    public virtual void Begin(Learner learner, TrainingOptions options)
    {
    }

    /// <summary>Random numbers of this rank, since each draws for its own samples.</summary>
    /// <param name="stream">Of the step.</param>
    public virtual RandomStream StreamOf(RandomStream stream) => stream;

    /// <summary>The batch with the targets of those samples that this rank computes the loss of.</summary>
    /// <param name="batch">As it was read.</param>
    /// <param name="samples">Samples of the batch on all ranks.</param>
    public virtual Batch Share(Batch batch, int samples) => batch;

    /// <summary>
    /// What is special about a gradient on this rank: statistics over all ranks, sums that begin during the backward
    /// pass.
    /// </summary>
    /// <param name="request">As the trainer makes it.</param>
    public virtual GradientRequest Request(GradientRequest request) => request;

    /// <summary>Replaces gradients by their sums over the ranks with the same parameters.</summary>
    /// <param name="gradients">Of this rank's samples.</param>
    public virtual void Reduce(Gradients gradients)
    {
    }

    /// <summary>Replaces each number by its sum over all ranks, added in the order of the ranks.</summary>
    /// <param name="values">Changed in place.</param>
    public virtual void Sum(Span<double> values)
    {
    }

    /// <summary>The learner with the parameters of all ranks; the same one where each rank has all of them.</summary>
    /// <param name="learner">Of this rank.</param>
    public virtual Learner Whole(Learner learner) => learner;

    /// <summary>Lets what changes the network between epochs do so, on all ranks alike.</summary>
    /// <param name="learner">Of this rank.</param>
    /// <param name="whole">
    /// The learner with the parameters of all ranks; where ranks have shards, a copy, which is saved after the call.
    /// </param>
    /// <param name="edit">Edits a learner that has whole parameters.</param>
    public virtual void Edit(Learner learner, Learner whole, Action<Learner> edit) => edit(learner);

    /// <summary>Whether something holds on any rank, so that all of them stop at the same step.</summary>
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
