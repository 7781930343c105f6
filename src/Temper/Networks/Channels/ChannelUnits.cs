namespace Temper.Networks;

/// <summary>
/// Numbered channels with ties between them (a union-find structure). A channel tied to a fixed one is fixed.
/// </summary>
internal sealed class ChannelUnits
{
    private readonly List<int> _parents = [];
    private readonly List<string?> _fixedBy = [];

    /// <summary>Creates one new channel per index.</summary>
    internal AxisChannels Make(int length)
    {
        int[] units = [.. Enumerable.Range(_parents.Count, length)];
        _parents.AddRange(units);
        _fixedBy.AddRange(new string?[length]);
        return new AxisChannels(units, "");
    }

    /// <summary>Returns the representative of all channels tied to this one.</summary>
    internal int Root(int unit)
    {
        while (_parents[unit] != unit)
        {
            unit = _parents[unit] = _parents[_parents[unit]];
        }

        return unit;
    }

    /// <summary>Returns what fixes a channel; null: it is not fixed.</summary>
    internal string? FixedBy(int unit) => _fixedBy[Root(unit)];

    /// <summary>Ties two axes of equal length, so that they change together.</summary>
    internal AxisChannels Tie(AxisChannels a, AxisChannels b)
    {
        if (a.IsNeutral || b.IsNeutral)
        {
            return a.IsNeutral ? b : a;
        }

        if (a.Units is null || b.Units is null)
        {
            return a.Units is null ? Fix(b, a.FixedBy) : Fix(a, b.FixedBy);
        }

        for (int i = 0; i < a.Units.Length; i++)
        {
            Tie(a.Units[i], b.Units[i]);
        }

        return a;
    }

    internal void Tie(int a, int b)
    {
        (a, b) = (Root(a), Root(b));
        if (a != b)
        {
            // The smaller number becomes the representative, so that the result does not depend on the order of ties.
            (int root, int other) = (Math.Min(a, b), Math.Max(a, b));
            _parents[other] = root;
            _fixedBy[root] ??= _fixedBy[other];
        }
    }

    /// <summary>Fixes the length of an axis.</summary>
    internal AxisChannels Fix(AxisChannels axis, string reason)
    {
        foreach (int unit in axis.Units ?? [])
        {
            _fixedBy[Root(unit)] ??= reason;
        }

        return axis.Units is null && !axis.IsNeutral ? axis : new AxisChannels(null, reason);
    }

    /// <summary>Returns the channel of each index; for a fixed axis, the same fixed channel at every index.</summary>
    internal int[] UnitsOf(AxisChannels axis, int length)
    {
        if (axis.Units is not null)
        {
            return axis.Units;
        }

        AxisChannels single = Make(1);
        Fix(single, axis.FixedBy);
        int[] units = new int[length];
        Array.Fill(units, single.Units![0]);
        return units;
    }
}
