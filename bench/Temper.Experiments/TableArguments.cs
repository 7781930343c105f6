using System.Globalization;

namespace Temper.Experiments;

/// <summary>Settings of a table, <c>name=value</c>.</summary>
internal sealed class TableArguments(string[] arguments)
{
    internal int Number(string name, int defaultValue) =>
        Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : defaultValue;

    /// <summary>Returns whether a row is in a comma-separated list; without the list, all rows are.</summary>
    internal bool Wants(string name, string row) =>
        Text(name) is not { } list || list.Split(',').Contains(row, StringComparer.Ordinal);

    private string? Text(string name) =>
        arguments.FirstOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
}
