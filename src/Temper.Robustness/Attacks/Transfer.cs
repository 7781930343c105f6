using Temper.Randomness;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>
/// Runs an attack on a surrogate network and tries its results on the target, which only has to provide decisions. The
/// target decides what counts: a sample that the surrogate misclassifies is attacked too, and if the surrogate is not
/// fooled, the attack's best attempt is tried. A sample for which the attack makes no attempt is not tried.
/// </summary>
/// <param name="Inner">Attack to run on the surrogate.</param>
/// <param name="Surrogate">Network on which the attack runs.</param>
public sealed record Transfer(Attack Inner, AttackTarget Surrogate) : ComposedAttack(Inner)
{
    /// <inheritdoc/>
    public override string Name => $"transfer of {Inner.Name}";

    /// <inheritdoc/>
    public override Access Needs => Access.Decisions;

    /// <inheritdoc/>
    public override AttackResult Run(
        AttackTarget target, Tensor inputs, Criterion criterion, RandomStream random, AttackRun? run = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(criterion);
        ArgumentNullException.ThrowIfNull(random);
        AttackChecks.Check(this, target, inputs, criterion);
        AttackRun onSurrogate = (run ?? new AttackRun()) with { Progress = null, Transfers = true };
        AttackResult found = Inner.Run(Surrogate, inputs, criterion, random, onSurrogate, cancel);
        var tried = new Candidates(this, inputs, found.Adversarials);
        return tried.Run(target, inputs, criterion, random, run, cancel);
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s) =>
        throw new NotSupportedException("transfer: a search for one sample is not supported; call Run");

    /// <summary>Tries one given point per sample; a sample whose point is unchanged is not tried.</summary>
    private sealed record Candidates(Transfer Outer, Tensor Clean, Tensor Points) : ComposedAttack(Outer.Inner)
    {
        public override string Name => Outer.Name;

        public override Access Needs => Access.Decisions;

        /// <inheritdoc/>
        protected internal override IEnumerable<Ask> Find(Search s)
        {
            ReadOnlySpan<float> clean = Clean.AsSpan<float>();
            int size = s.Clean.Length, row = 0;
            while (!clean.Slice(row * size, size).SequenceEqual(s.Clean))
            {
                row++;
            }

            Points.AsSpan<float>().Slice(row * size, size).CopyTo(s.X);
            if (!s.X.AsSpan().SequenceEqual(s.Clean))
            {
                yield return Ask.Scores;
            }
        }
    }
}
