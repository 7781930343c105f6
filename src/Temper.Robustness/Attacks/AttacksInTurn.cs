namespace Temper.Robustness.Attacks;

/// <summary>
/// Several attacks on one sample, one after another; each goes on from the best that those before it have found.
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
