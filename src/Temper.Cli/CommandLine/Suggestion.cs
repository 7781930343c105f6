namespace Temper.Cli.CommandLine;

/// <summary>The known name that somebody may have meant.</summary>
internal static class Suggestion
{
    /// <summary><c>; did you mean 'x'?</c>, or nothing when no name is near.</summary>
    internal static string For(string word, IEnumerable<string> known)
    {
        string? nearest = known.MinBy(name => Distance(word, name));
        int allowed = Math.Max(2, word.Length / 3);
        return nearest is not null && Distance(word, nearest) <= allowed ? $"; did you mean '{nearest}'?" : "";
    }

    /// <summary>Letters to insert, remove or replace (Levenshtein).</summary>
    internal static int Distance(string from, string to)
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
}
