namespace Temper.Networks;

/// <summary>
/// A request to remove and add channels, stated for one axis and applied to all axes. Tied channels are removed
/// together, and a new channel is inserted next to the same neighbor on every axis.
/// </summary>
internal sealed class ChannelRequest
{
    private readonly HashSet<int> _removed;
    private readonly Dictionary<int, int[]> _before = [];
    private readonly Dictionary<int, int[]> _after = [];
    private int _added;

    private ChannelRequest(IEnumerable<int> removed) => _removed = [.. removed];

    /// <summary>True if channels are added.</summary>
    internal bool Adds => _added != 0;

    /// <summary>Creates a request that removes channels and adds none.</summary>
    internal static ChannelRequest Without(IEnumerable<int> roots) => new(roots);

    /// <summary>Creates a request from the new indices of one axis.</summary>
    /// <param name="units">All channels; tells which are fixed.</param>
    /// <param name="roots">The representative channel of each index of the axis.</param>
    /// <param name="kept">The old index of each new index, increasing; -1 for a new channel.</param>
    /// <param name="what">Operation and value, for error messages.</param>
    internal static ChannelRequest For(ChannelUnits units, int[] roots, IReadOnlyList<int> kept, string what)
    {
        int[] stay = [.. kept.Where(index => index >= 0)];
        CheckIndices(roots, kept, stay, what);
        var staying = stay.Select(index => roots[index]).ToHashSet();
        var request = new ChannelRequest(roots.Where(root => !staying.Contains(root)));
        if (request._removed.Select(units.FixedBy).FirstOrDefault(reason => reason is not null) is { } reason)
        {
            throw new ArgumentException($"{what}: a channel cannot be removed because it is fixed by {reason}; keep "
                + $"channel {Array.FindIndex(roots, root => units.FixedBy(root) is not null)}");
        }

        for (int i = 0; i < roots.Length; i++)
        {
            if (staying.Contains(roots[i]) && Array.BinarySearch(stay, i) < 0)
            {
                int mate = stay.First(index => roots[index] == roots[i]);
                throw new ArgumentException($"{what}: channels {Math.Min(i, mate)} and {Math.Max(i, mate)} can only "
                    + "be removed together (got one of them); keep both or remove both");
            }
        }

        request.AddNew(units, roots, kept, what);
        return request;
    }

    /// <summary>Returns for each new index of an axis the old index (-1: new) and the channel label.</summary>
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
                Add(_after, root, end - start);
            }
        }

        return ([.. kept], [.. labels]);
    }

    /// <summary>True if an axis changes.</summary>
    internal bool Changes(int[] roots) =>
        roots.Any(root => _removed.Contains(root) || _before.ContainsKey(root) || _after.ContainsKey(root));

    private static void CheckIndices(int[] roots, IReadOnlyList<int> kept, int[] stay, string what)
    {
        if (stay.Length == 0)
        {
            throw new ArgumentException($"{what}: no channel is kept (got 0 kept and {kept.Count} new ones); keep at "
                + "least one");
        }

        for (int i = 0; i < stay.Length; i++)
        {
            if (stay[i] >= roots.Length || (i > 0 && stay[i] <= stay[i - 1]))
            {
                throw new ArgumentException($"{what}: a kept index is invalid (got {stay[i]} as kept index {i}, "
                    + $"expected increasing indices below {roots.Length}, -1 for a new channel)");
            }
        }

        if (kept.Any(index => index < -1))
        {
            throw new ArgumentException(
                $"{what}: a kept index is invalid (got {kept.Min()}, expected 0 or more, or -1 for a new channel)");
        }
    }

    /// <summary>
    /// Records new channels after the channel in front of them, or before the next channel if there is none in front or
    /// it is fixed.
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
            bool isAfter = previous >= 0 && units.FixedBy(previous) is null;
            int anchor = isAfter ? previous : next;
            if (anchor < 0 || units.FixedBy(anchor) is not null || isInside)
            {
                throw new ArgumentException($"{what}: a new channel cannot be inserted at index {i}, inside or next "
                    + "to channels that are fixed or tied; insert it at another index");
            }

            Place(isAfter ? _after : _before, anchor, end - i, roots, what);
        }

        // A channel that is tied to several indices needs the new channels next to each of them.
        if (!Apply(roots).Kept.SequenceEqual(kept))
        {
            throw new ArgumentException($"{what}: tied channels must all get the same new neighbors; insert "
                + "the new channels after each of them");
        }
    }

    private void Place(Dictionary<int, int[]> indices, int anchor, int count, int[] roots, string what)
    {
        int start = Array.IndexOf(roots, anchor), length = RunEnd(roots, start) - start;
        if (count % length != 0)
        {
            throw new ArgumentException(
                $"{what}: {length} tied indices form one channel here (got {count} new indices); add a multiple of "
                + $"{length}");
        }

        // An anchor that occurs again, through a tied channel, refers to the same new channels.
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
