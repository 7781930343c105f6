namespace Temper.Reporting.Documents;

/// <summary>
/// A section of a report, built by a command or a method. It is stored as JSON in <c>result.json</c> and drawn as HTML.
/// Both are independent of what built it.
/// </summary>
/// <param name="Title">Heading.</param>
/// <param name="Blocks">Content of the section.</param>
public sealed record Section(string Title, IReadOnlyList<Block> Blocks)
{
    /// <summary>
    /// Returns why the section cannot be drawn, for example because a table row has too few cells; null if it can be
    /// drawn.
    /// </summary>
    internal string? Problem()
    {
        string? problem = Blocks.Select(block => block is null ? "a block is missing" : block.Problem())
            .FirstOrDefault(found => found is not null);
        return problem is null ? null : $"section '{Title}': {problem}";
    }
}
