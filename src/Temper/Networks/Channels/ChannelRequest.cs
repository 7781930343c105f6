namespace Temper.Networks;

/// <summary>
/// Which channels go and where new ones come, said of one axis and carried over to every other: what is tied goes
/// together, a new channel stands behind (or before) the same neighbor everywhere.
/// </summary>
internal sealed class ChannelRequest
{
    private readonly HashSet<int> _removed;
    private readonly Dictionary<int, int[]> _before = [];
    private readonly Dictionary<int, int[]> _behind = [];
    private int _added;

    private ChannelRequest(IEnumerable<int> removed) => _removed = [.. removed];

    /// <summary>Whether there are new channels.</summary>
    internal bool Adds => _added != 0;

    /// <summary>Channels that go, without new ones.</summary>
    internal static ChannelRequest Without(IEnumerable<int> roots) => new(roots);

    /// <summary>A request made for one axis.</summary>
    /// <param name="units">All channels, for what is fixed.</param>
    /// <param name="roots">The channel at each index of the axis.</param>
    /// <param name="kept">The old index of each new one, increasing; -1 for a new channel.</param>
    /// <param name="what">Operation and value, for errors.</param>
    internal static ChannelRequest For(ChannelUnits units, int[] roots, IReadOnlyList<int> kept, string what)
    {
        int[] stay = [.. kept.Where(index => index >= 0)];
        CheckIndices(roots, kept, stay, what);
        var staying = stay.Select(index => roots[index]).ToHashSet();
        var request = new ChannelRequest(roots.Where(root => !staying.Contains(root)));
        if (request._removed.Select(units.FixedBy).FirstOrDefault(reason => reason is not null) is { } reason)
        {
            throw new ArgumentException($"{what}: a channel cannot go, since {reason} fixes it; keep channel "
                + $"{Array.FindIndex(roots, root => units.FixedBy(root) is not null)}");
        }

        for (int i = 0; i < roots.Length; i++)
        {
            if (staying.Contains(roots[i]) && Array.BinarySearch(stay, i) < 0)
            {
                int mate = stay.First(index => roots[index] == roots[i]);
                throw new ArgumentException($"{what}: channels {Math.Min(i, mate)} and {Math.Max(i, mate)} can only go "
                    + "together (got one of them); keep both or none");
            }
        }

        request.AddNew(units, roots, kept, what);
        return request;
    }

    /// <summary>
    /// The new indices along an axis: the old index of each, -1 for a new one, and the channel that it belongs to.
    /// </summary>
    internal (int[] Kept, int[] Labels) Apply(int[] roots)
    {
        List<int> kept = new(roots.Length), labels = new(roots.Length);
        void Add(Dictionary<int, int[]> indices, int root, int times)
        {
            foreach (int label in indices.GetValueOrDefault(root, []))
            {
                kept.AddRange(Enumerable.Repeat(-1, times));
                labels.AddRange(Enumerable.Repeat(label, times));
            }
        }

        for (int start = 0, end; start < roots.Length; start = end)
        {
            int root = roots[start];
            end = RunEnd(roots, start);
            if (!_removed.Contains(root))
            {
                Add(_before, root, end - start);
                kept.AddRange(Enumerable.Range(start, end - start));
                labels.AddRange(Enumerable.Repeat(root, end - start));
                Add(_behind, root, end - start);
            }
        }

        return ([.. kept], [.. labels]);
    }

    /// <summary>Whether an axis changes.</summary>
    internal bool Changes(int[] roots) =>
        roots.Any(root => _removed.Contains(root) || _before.ContainsKey(root) || _behind.ContainsKey(root));

    private static void CheckIndices(int[] roots, IReadOnlyList<int> kept, int[] stay, string what)
    {
        if (stay.Length == 0)
        {
            throw new ArgumentException($"{what}: no channel is kept (got {kept.Count} new ones); keep one or more");
        }

        for (int i = 0; i < stay.Length; i++)
        {
            if (stay[i] >= roots.Length || (i > 0 && stay[i] <= stay[i - 1]))
            {
                throw new ArgumentException($"{what}: the kept indices do not fit (got {stay[i]} at place {i}, "
                    + $"expected increasing indices below {roots.Length}, -1 for a new channel)");
            }
        }

        if (kept.Any(index => index < -1))
        {
            throw new ArgumentException(
                $"{what}: the kept indices do not fit (got {kept.Min()}, expected -1 for a new channel)");
        }
    }

    /// <summary>
    /// New channels stand behind the channel that comes before them; before the first one, or where that is fixed,
    /// before the next.
    /// </summary>
    private void AddNew(ChannelUnits units, int[] roots, IReadOnlyList<int> kept, string what)
    {
        for (int i = 0, end; i < kept.Count; i = end)
        {
            end = i;
            while (end < kept.Count && kept[end] < 0)
            {
                end++;
            }

            if (end == i)
            {
                end++;
                continue;
            }

            int previous = i > 0 ? roots[kept[i - 1]] : -1, next = end < kept.Count ? roots[kept[end]] : -1;
            bool isInside = previous >= 0 && previous == next && kept[end] == kept[i - 1] + 1;
            bool isBehind = previous >= 0 && units.FixedBy(previous) is null;
            int anchor = isBehind ? previous : next;
            if (anchor < 0 || units.FixedBy(anchor) is not null || isInside)
            {
                throw new ArgumentException($"{what}: no new channel can stand at place {i}, inside or beside channels "
                    + "that are fixed or go together; put it elsewhere");
            }

            Place(isBehind ? _behind : _before, anchor, end - i, roots, what);
        }

        // What is tied to several indices gets its new channels at each of them, or it would not fit.
        if (!Apply(roots).Kept.SequenceEqual(kept))
        {
            throw new ArgumentException($"{what}: channels that go together must all have the same new neighbors; put "
                + "new ones behind each of them");
        }
    }

    private void Place(Dictionary<int, int[]> indices, int anchor, int count, int[] roots, string what)
    {
        int start = Array.IndexOf(roots, anchor), length = RunEnd(roots, start) - start;
        if (count % length != 0)
        {
            throw new ArgumentException(
                $"{what}: {length} indices go together here (got {count} new ones); add a multiple of {length}");
        }

        // The same index named again, behind a tied channel, means the same new channels.
        indices.TryAdd(anchor, [.. Enumerable.Range(0, count / length).Select(_ => --_added)]);
    }

    private static int RunEnd(int[] roots, int start)
    {
        int end = start + 1;
        while (end < roots.Length && roots[end] == roots[start])
        {
            end++;
        }

        return end;
    }
}
