namespace Temper.Robustness.Attacks;

/// <summary>An attack several times, each time with other random numbers; the best of all counts.</summary>
/// <param name="Inner">The attack.</param>
/// <param name="Times">How often, 1 or more.</param>
public sealed record Repeat(Attack Inner, int Times) : ComposedAttack(Inner)
{
    /// <inheritdoc/>
    public override string Name => $"{Inner.Name} x {Times}";

    internal override void CheckOptions()
    {
        Inner.CheckOptions();
        Require(Times >= 1, "times", Times, "1 or more");
    }

    internal override IEnumerable<Ask> Find(Search s) => Enumerable.Range(0, Times).SelectMany(_ => Inner.Find(s));
}

/// <summary>
/// An attack with each of the most likely wrong classes as its aim; success is what the criterion says, whichever class
/// was aimed at.
/// </summary>
/// <param name="Inner">The attack.</param>
/// <param name="Classes">How many classes, 1 or more.</param>
public sealed record AimAtClasses(Attack Inner, int Classes) : ComposedAttack(Inner)
{
    /// <inheritdoc/>
    public override string Name => $"{Inner.Name}, {Classes} targets";

    internal override void CheckOptions()
    {
        Inner.CheckOptions();
        Require(Classes >= 1, "classes", Classes, "1 or more");
    }

    internal override IEnumerable<Ask> Find(Search s)
    {
        int wanted = s.Target;
        foreach (int target in wanted >= 0 ? [wanted] : TargetOrder.Of(s, Classes))
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
/// Several attacks one after the other on each sample that is still right; the smallest perturbation of all counts.
/// </summary>
public sealed record MinimumOver : ComposedAttack
{
    /// <summary>Joins attacks of one norm and one radius.</summary>
    /// <param name="members">In their order, one or more.</param>
    /// <exception cref="ArgumentException">There is none, or norms or radii differ.</exception>
    public MinimumOver(IReadOnlyList<Attack> members)
        : base(members.Count > 0 ? members[0] : throw new ArgumentException(
            "MinimumOver: there are no attacks; give one or more", nameof(members)))
    {
        if (members.Any(member => member.Norm != Norm || member.Radius != Radius))
        {
            throw new ArgumentException(
                "MinimumOver: attacks measure differently; give them one norm and one radius", nameof(members));
        }

        Members = members;
    }

    /// <summary>The attacks in their order.</summary>
    public IReadOnlyList<Attack> Members { get; }

    /// <inheritdoc/>
    public override string Name => string.Join(" + ", Members.Select(member => member.Name));

    /// <inheritdoc/>
    public override Access Needs => Members.Max(member => member.Needs);

    /// <inheritdoc/>
    public override bool IsDeterministic => Members.All(member => member.IsDeterministic);

    internal override void CheckOptions()
    {
        foreach (Attack member in Members)
        {
            member.CheckOptions();
        }
    }

    internal override IEnumerable<Ask> Find(Search s) => AttacksInTurn.Find(Members, s);
}

/// <summary>An attack made of others.</summary>
/// <param name="First">The attack whose norm and radius hold.</param>
public abstract record ComposedAttack(Attack First) : Attack
{
    /// <inheritdoc/>
    public override Norm Norm { get =>
        First.Norm; init => throw new NotSupportedException("the norm is that of the attack inside"); }

    /// <inheritdoc/>
    public override Access Needs => First.Needs;

    /// <inheritdoc/>
    public override bool IsDeterministic => First.IsDeterministic;

    internal override IReadOnlyList<Norm> Norms => First.Norms;

    internal override double Radius => First.Radius;
}
