using Temper.Reporting.Charts;

namespace Temper.Reporting.Documents;

/// <summary>A part of a section.</summary>
public abstract record Block
{
    private protected Block()
    {
    }

    internal abstract void Write(Markup html);
}

/// <summary>A number in large letters.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Value">The number, written out.</param>
/// <param name="Note">One short line below; empty for none.</param>
public sealed record Tile(string Label, string Value, string Note = "");

/// <summary>The numbers that matter, side by side.</summary>
/// <param name="Tiles">From the left.</param>
public sealed record TileRow(IReadOnlyList<Tile> Tiles) : Block
{
    internal override void Write(Markup html)
    {
        html.Open("div", ("class", "tiles"));
        foreach (Tile tile in Tiles)
        {
            html.Open("div", ("class", "tile")).Leaf("div", tile.Label, ("class", "tile-label")).Leaf("div", tile.Value, ("class", "tile-value"))
                .Leaf("div", tile.Note, ("class", "tile-note")).Close();
        }

        html.Close();
    }
}

/// <summary>Charts, side by side where there is room.</summary>
/// <param name="Charts">From the left.</param>
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
}

/// <summary>A table; columns whose cells are numbers stand to the right.</summary>
/// <param name="Head">Names of the columns; one that starts with <c>#</c> is a column of numbers.</param>
/// <param name="Rows">As many cells as the head has.</param>
public sealed record DataTable(IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows) : Block
{
    internal override void Write(Markup html)
    {
        html.Open("div", ("class", "scroll")).Open("table").Open("thead").Open("tr");
        foreach (string name in Head)
        {
            html.Leaf("th", name.TrimStart('#'), ("class", Class(name)));
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

    private static string? Class(string head) => head.StartsWith('#') ? "number" : null;
}

/// <summary>A picture with what a network says about it.</summary>
/// <param name="Png">A PNG file.</param>
/// <param name="Caption">Below it.</param>
/// <param name="IsRight">Marks it as right or wrong; null: not marked.</param>
public sealed record Picture(ReadOnlyMemory<byte> Png, string Caption, bool? IsRight = null);

/// <summary>Small pictures in rows.</summary>
/// <param name="Pictures">In reading order.</param>
public sealed record PictureGrid(IReadOnlyList<Picture> Pictures) : Block
{
    internal override void Write(Markup html)
    {
        html.Open("div", ("class", "pictures"));
        foreach (Picture picture in Pictures)
        {
            string mark = picture.IsRight switch { true => "picture right", false => "picture wrong", null => "picture" };
            html.Open("div", ("class", mark))
                .Empty("img", ("src", $"data:image/png;base64,{Convert.ToBase64String(picture.Png.Span)}"), ("alt", picture.Caption))
                .Leaf("span", picture.IsRight switch { true => $"✓ {picture.Caption}", false => $"✗ {picture.Caption}", null => picture.Caption })
                .Close();
        }

        html.Close();
    }
}

/// <summary>A paragraph.</summary>
/// <param name="Text">Plain text.</param>
public sealed record Paragraph(string Text) : Block
{
    internal override void Write(Markup html) => html.Leaf("p", Text);
}

/// <summary>Text with fixed letter width: commands, settings.</summary>
/// <param name="Text">Lines.</param>
public sealed record Listing(string Text) : Block
{
    internal override void Write(Markup html) => html.Open("pre").Leaf("code", Text.TrimEnd()).Close();
}

/// <summary>Names and values, one below the other.</summary>
/// <param name="Items">In order.</param>
public sealed record Facts(IReadOnlyList<(string Name, string Value)> Items) : Block
{
    internal override void Write(Markup html)
    {
        html.Open("dl");
        foreach ((string name, string value) in Items)
        {
            html.Leaf("dt", name).Leaf("dd", value);
        }

        html.Close();
    }
}
