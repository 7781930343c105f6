namespace Temper.Networks;

/// <summary>Names of nodes, values and parameters.</summary>
internal static class Names
{
    private const int Longest = 256;

    /// <summary>Throws unless a name can stand in a file, a table and a state dict.</summary>
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
                $"Network: not a name for {what} (got '{Short(name)}', expected 1 to {Longest} letters, digits and _ - / : with dots between); rename it");
        }
    }

    /// <summary>The first few of many names, for an error's text.</summary>
    internal static string Sample(IEnumerable<string> names)
    {
        const int Shown = 8;
        string[] first = [.. names.Take(Shown + 1)];
        return first.Length == 0 ? "(none)" : string.Join(", ", first.Take(Shown)) + (first.Length > Shown ? ", ..." : "");
    }

    private static string Short(string name) => name.Length <= Longest ? name : name[..Longest] + "...";
}
