using System.Text;

namespace Temper.Reporting.Documents;

/// <summary>A report as a single HTML file: no scripts, no network access, light and dark themes, printable.</summary>
public sealed record Report
{
    /// <summary>Title of the page and of the browser tab.</summary>
    public required string Title { get; init; }

    /// <summary>Subtitle, one line.</summary>
    public string Subtitle { get; init; } = "";

    /// <summary>The content.</summary>
    public required IReadOnlyList<Section> Sections { get; init; }

    /// <summary>A line at the end, such as the version of the tool; empty: none.</summary>
    public string Footer { get; init; } = "";

    /// <summary>Returns the HTML text.</summary>
    /// <exception cref="ArgumentException">
    /// A section cannot be drawn, for example because a table row has too few cells.
    /// </exception>
    public string ToHtml()
    {
        if (Sections.Select(section => section.Problem()).FirstOrDefault(problem => problem is not null) is { } problem)
        {
            throw new ArgumentException($"Report: {problem}");
        }

        Markup html = new Markup().Raw("<!doctype html>\n").Open("html", ("lang", "en")).Open("head")
            .Empty("meta", ("charset", "utf-8"))
            .Empty("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"))
            .Leaf("title", Title)
            .Open("style").Raw(StyleSheet.Text).Close()
            .Close().Open("body")
            .Open("main").Open("header").Leaf("h1", Title).Leaf("p", Subtitle, ("class", "subtitle")).Close();
        foreach (Section section in Sections)
        {
            html.Open("section").Leaf("h2", section.Title);
            foreach (Block block in section.Blocks)
            {
                block.Write(html);
            }

            html.Close();
        }

        if (Footer.Length > 0)
        {
            html.Leaf("footer", Footer);
        }

        return html.Close().Close().Close().ToString();
    }

    /// <summary>Writes the file. An existing file is replaced only after the new one is complete.</summary>
    /// <param name="path">Path of the HTML file. Its folder is created if it does not exist.</param>
    /// <exception cref="ArgumentException">A section cannot be drawn.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path)
    {
        string full = Path.GetFullPath(path), part = $"{full}.part", html = ToHtml();
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        try
        {
            using (FileStream stream = File.Create(part))
            {
                stream.Write(Encoding.UTF8.GetBytes(html));
                stream.Flush(flushToDisk: true);
            }

            File.Move(part, full, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }
}
