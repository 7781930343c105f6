using System.Globalization;

namespace Temper.Wording;

/// <summary>Writes counts with their noun.</summary>
internal static class Plural
{
    /// <summary>Returns a count and its noun, such as <c>1 episode</c> or <c>1,000 episodes</c>.</summary>
    /// <param name="count">The count.</param>
    /// <param name="noun">The noun in the singular; its plural ends in s.</param>
    internal static string Of(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");
}
