namespace Temper.Reporting.Documents;

/// <summary>
/// A part of a report: data that a command or a method builds with its own code. It is kept as JSON in a run's
/// <c>result.json</c> and drawn as HTML; neither needs to know where it comes from.
/// </summary>
/// <param name="Title">The heading.</param>
/// <param name="Blocks">What stands below it.</param>
public sealed record Section(string Title, IReadOnlyList<Block> Blocks)
{
    /// <summary>
    /// What keeps the section from being drawn, for example a row of a table with too few cells; null if nothing does.
    /// </summary>
    internal string? Problem()
    {
        string? problem = Blocks.Select(block => block is null ? "a block is missing" : block.Problem())
            .FirstOrDefault(found => found is not null);
        return problem is null ? null : $"section '{Title}': {problem}";
    }
}
