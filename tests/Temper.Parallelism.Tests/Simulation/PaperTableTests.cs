using Temper.Parallelism.Simulation;

namespace Temper.Parallelism.Tests.Simulation;

/// <summary>
/// Number of the paper's figures that are reproduced; a change here requires a change of docs/hypar.md.
/// </summary>
public sealed class PaperTableTests
{
    private static readonly Lazy<IReadOnlyList<PaperRow>> Rows = new(PaperTables.All);

    [Theory]
    [InlineData("Figure 5", "", 10, 10)]
    [InlineData("Figure 6", "HyPar / DP", 8, 10)]
    [InlineData("Figure 6", "MP / DP", 8, 10)]
    [InlineData("Figure 7", "HyPar / DP", 7, 10)]
    [InlineData("Figure 7", "MP / DP", 0, 10)]
    [InlineData("Figure 8", "data-parallel", 10, 10)]
    [InlineData("Figure 8", "HyPar", 9, 10)]
    [InlineData("Figure 8", "model-parallel", 0, 10)]
    [InlineData("Figure 9", "", 2, 2)]
    [InlineData("Figure 10", "", 2, 4)]
    [InlineData("Figure 11", "", 12, 12)]
    [InlineData("Figure 12", "", 0, 10)]
    [InlineData("Figure 13", "", 7, 12)]
    public void Figures_have_the_status_that_the_page_says(string figure, string what, int reproduced, int all)
    {
        PaperRow[] rows = [.. Rows.Value.Where(row => string.Equals(row.Figure, figure, StringComparison.Ordinal) && row.What.Contains(what, StringComparison.Ordinal))];
        Assert.Equal(all, rows.Length);
        Assert.Equal(reproduced, rows.Count(row => row.Status == PaperStatus.Reproduced));
    }
}
