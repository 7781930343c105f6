namespace Temper.Robustness.Attacks;

/// <summary>
/// Runs several attacks on one sample, one after another, sharing the best adversarial example found so far.
/// </summary>
internal static class AttacksInTurn
{
    internal static IEnumerable<Ask> Find(IEnumerable<Attack> members, Search s)
    {
        foreach (Attack member in members)
        {
            s.Stage = member.Name;
            foreach (Ask ask in member.Find(s))
            {
                yield return ask;
            }
        }
    }
}
