using System.Text.Json.Serialization;
using Temper.Reporting.Charts;

namespace Temper.Reporting.Documents;

/// <summary>A content block of a section.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Paragraph), "text")]
[JsonDerivedType(typeof(Warning), "warning")]
[JsonDerivedType(typeof(KeyFigures), "figures")]
[JsonDerivedType(typeof(ChartRow), "charts")]
[JsonDerivedType(typeof(DataTable), "table")]
[JsonDerivedType(typeof(PictureGrid), "pictures")]
[JsonDerivedType(typeof(Drawing), "drawing")]
[JsonDerivedType(typeof(Listing), "listing")]
[JsonDerivedType(typeof(Facts), "facts")]
public abstract record Block
{
    private protected Block()
    {
    }

    internal abstract void Write(Markup html);

    /// <summary>Returns why the block cannot be drawn; null if it can be drawn.</summary>
    internal virtual string? Problem() => null;
}

/// <summary>A paragraph.</summary>
/// <param name="Text">Plain text.</param>
public sealed record Paragraph(string Text) : Block
{
    internal override void Write(Markup html) => html.Leaf("p", Text);
}

/// <summary>
/// A highlighted paragraph: a limitation of the result, or what a method does not protect against.
/// </summary>
/// <param name="Text">Plain text.</param>
public sealed record Warning(string Text) : Block
{
    internal override void Write(Markup html) => html.Leaf("p", $"⚠ {Text}", ("class", "warning"), ("role", "note"));
}

/// <summary>A number shown in large type.</summary>
/// <param name="Label">What the number is.</param>
/// <param name="Value">The number with its unit.</param>
/// <param name="Note">A short line below the number; empty: none.</param>
public sealed record KeyFigure(string Label, string Value, string Note = "");

/// <summary>A row of key figures.</summary>
/// <param name="Figures">Figures from left to right.</param>
public sealed record KeyFigures(IReadOnlyList<KeyFigure> Figures) : Block
{
    internal override void Write(Markup html)
    {
        html.Open("div", ("class", "figures"));
        foreach (KeyFigure figure in Figures)
        {
            html.Open("div", ("class", "key"))
                .Leaf("div", figure.Label, ("class", "key-label")).Leaf("div", figure.Value, ("class", "key-value"))
                .Leaf("div", figure.Note, ("class", "key-note")).Close();
        }

        html.Close();
    }

    internal override string? Problem() => Figures.All(figure => figure is not null) ? null : "a key figure is missing";
}

/// <summary>Charts, side by side if there is room.</summary>
/// <param name="Charts">Charts from left to right.</param>
public sealed record ChartRow(IReadOnlyList<Chart> Charts) : Block
{
    internal override void Write(Markup html)
    {
        html.Open("div", ("class", Charts.Count > 1 ? "charts two" : "charts"));
        foreach (Chart chart in Charts)
        {
            html.Open("figure").Leaf("figcaption", chart.Title).Raw(chart.ToSvg()).Close();
        }

        html.Close();
    }

    internal override string? Problem() => Charts
        .Select(chart => chart is null
            ? "a chart is missing"
            : chart.Problem() is { } problem ? $"chart '{chart.Title}': {problem}" : null)
        .FirstOrDefault(problem => problem is not null);
}

/// <summary>A table; number columns are right-aligned.</summary>
/// <param name="Head">Column names; one <c>#</c> as prefix marks a number column and is not shown.</param>
/// <param name="Rows">Rows, each with one cell per column.</param>
public sealed record DataTable(IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows) : Block
{
    internal override void Write(Markup html)
    {
        html.Open("div", ("class", "scroll")).Open("table").Open("thead").Open("tr");
        foreach (string name in Head)
        {
            // Only one: the name of a class may begin with another.
            html.Leaf("th", name.StartsWith('#') ? name[1..] : name, ("class", Class(name)));
        }

        html.Close().Close().Open("tbody");
        foreach (IReadOnlyList<string> row in Rows)
        {
            html.Open("tr");
            for (int i = 0; i < row.Count; i++)
            {
                html.Leaf("td", row[i], ("class", Class(Head[i])));
            }

            html.Close();
        }

        html.Close().Close().Close();
    }

    internal override string? Problem()
    {
        if (!Head.All(name => name is not null))
        {
            return "a column of a table needs a name";
        }

        IReadOnlyList<string>? other =
            Rows.FirstOrDefault(row => row is null || row.Count != Head.Count || row.Any(cell => cell is null));
        return other is null && Rows.All(row => row is not null)
            ? null
            : $"a row of a table has {other?.Count ?? 0} cells (expected {Head.Count}, none missing)";
    }

    private static string? Class(string head) => head.StartsWith('#') ? "number" : null;
}

/// <summary>Text in a monospaced font: commands, settings.</summary>
/// <param name="Text">The lines.</param>
public sealed record Listing(string Text) : Block
{
    internal override void Write(Markup html) => html.Open("pre").Leaf("code", Text.TrimEnd()).Close();
}

/// <summary>A name and its value.</summary>
/// <param name="Name">The name.</param>
/// <param name="Value">The value with its unit.</param>
public sealed record Fact(string Name, string Value);

/// <summary>A list of names and values.</summary>
/// <param name="Items">The entries, in order.</param>
public sealed record Facts(IReadOnlyList<Fact> Items) : Block
{
    internal override void Write(Markup html)
    {
        html.Open("dl");
        foreach (Fact fact in Items)
        {
            html.Leaf("dt", fact.Name).Leaf("dd", fact.Value);
        }

        html.Close();
    }

    internal override string? Problem() => Items.All(fact => fact is not null) ? null : "a fact is missing";
}
