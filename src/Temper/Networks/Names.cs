namespace Temper.Networks;

/// <summary>Rules for the names of nodes, values and parameters.</summary>
internal static class Names
{
    private const int Longest = 256;

    /// <summary>Throws if a name is not allowed. Allowed names are valid in files, tables and state dicts.</summary>
    internal static void Check(string name, string what)
    {
        bool fits = name is { Length: > 0 and <= Longest } && name[0] != '.' && name[^1] != '.';
        foreach (char c in name)
        {
            fits &= char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or ':';
        }

        if (!fits)
        {
            throw new ArgumentException(
                $"Network: not a name for {what} (got '{Short(name)}', expected 1 to {Longest} characters: letters, "
                + "digits, _ - / : and dots, but no dot at the start or end); rename it");
        }
    }

    /// <summary>Lists the first few names, for use in an error message.</summary>
    internal static string Sample(IEnumerable<string> names)
    {
        const int Shown = 8;
        string[] first = [.. names.Take(Shown + 1)];
        return first.Length == 0
            ? "(none)"
            : string.Join(", ", first.Take(Shown)) + (first.Length > Shown ? ", ..." : "");
    }

    /// <summary>Returns <c>; did you mean 'x'?</c>, or an empty string if no known name is similar.</summary>
    internal static string Suggestion(string word, IEnumerable<string> known)
    {
        string? nearest = known.MinBy(name => Distance(word, name));
        int allowed = Math.Max(2, word.Length / 3);
        return nearest is not null && Distance(word, nearest) <= allowed ? $"; did you mean '{nearest}'?" : "";
    }

    /// <summary>Computes the Levenshtein distance: insertions, deletions and substitutions.</summary>
    private static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }

    private static string Short(string name) => name.Length <= Longest ? name : name[..Longest] + "...";
}
