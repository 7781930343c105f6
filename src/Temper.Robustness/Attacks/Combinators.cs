namespace Temper.Robustness.Attacks;

/// <summary>Runs an attack several times with different random numbers; the best result counts.</summary>
/// <param name="Inner">Attack to repeat.</param>
/// <param name="Times">Number of runs, 1 or more.</param>
public sealed record Repeat(Attack Inner, int Times) : ComposedAttack(Inner)
{
    /// <inheritdoc/>
    public override string Name => $"{Inner.Name} x {Times}";

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Inner.CheckOptions();
        Require(Times >= 1, "times", Times, "1 or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s) =>
        Enumerable.Range(0, Times).SelectMany(_ => Inner.Find(s));
}

/// <summary>
/// Runs an attack once per target class, from the most likely wrong class down. The criterion alone decides success,
/// whichever class was targeted.
/// </summary>
/// <param name="Inner">Attack to run for each target class.</param>
/// <param name="Classes">Number of target classes, 1 or more.</param>
public sealed record AimAtClasses(Attack Inner, int Classes) : ComposedAttack(Inner)
{
    /// <inheritdoc/>
    public override string Name => $"{Inner.Name}, {Classes} targets";

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Inner.CheckOptions();
        Require(Classes >= 1, "classes", Classes, "1 or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        int wanted = s.Target;
        foreach (int target in s.ClassesToAimAt(Classes))
        {
            s.Target = target;
            foreach (Ask ask in Inner.Find(s))
            {
                yield return ask;
            }
        }

        s.Target = wanted;
    }
}

/// <summary>
/// Runs several attacks on each sample in turn; the smallest perturbation counts. Attacks within a ball stop at the
/// first success.
/// </summary>
public sealed record MinimumOver : ComposedAttack
{
    /// <summary>Combines attacks of the same norm and radius.</summary>
    /// <param name="members">Attacks in the order in which they run, one or more.</param>
    /// <exception cref="ArgumentException">The list is empty, or norms or radii differ.</exception>
    public MinimumOver(IReadOnlyList<Attack> members)
        : base(members.Count > 0 ? members[0] : throw new ArgumentException(
            "MinimumOver: the list of attacks is empty; give one or more", nameof(members)))
    {
        if (members.Any(member => member.Norm != Norm || member.Radius != Radius))
        {
            throw new ArgumentException(
                "MinimumOver: attacks differ in norm or radius; give all of them the same", nameof(members));
        }

        Members = members;
    }

    /// <summary>The attacks, in the order in which they run.</summary>
    public IReadOnlyList<Attack> Members { get; }

    /// <inheritdoc/>
    public override string Name => string.Join(" + ", Members.Select(member => member.Name));

    /// <inheritdoc/>
    public override Access Needs => Members.Max(member => member.Needs);

    /// <inheritdoc/>
    public override bool IsDeterministic => Members.All(member => member.IsDeterministic);

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        foreach (Attack member in Members)
        {
            member.CheckOptions();
        }
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s) => AttacksInTurn.Find(Members, s);
}

/// <summary>Base class of attacks composed of others.</summary>
/// <param name="First">
/// The attack that determines norm, radius and, by default, required access and determinism.
/// </param>
public abstract record ComposedAttack(Attack First) : Attack
{
    /// <inheritdoc/>
    public override Norm Norm
    {
        get => First.Norm;
        init => throw new NotSupportedException("ComposedAttack: set the norm of the inner attack");
    }

    /// <inheritdoc/>
    public override Access Needs => First.Needs;

    /// <inheritdoc/>
    public override bool IsDeterministic => First.IsDeterministic;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => First.Norms;

    /// <inheritdoc/>
    protected internal override bool AimsAtTarget => First.AimsAtTarget;

    /// <inheritdoc/>
    protected internal override double Radius => First.Radius;
}
