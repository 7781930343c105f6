using System.Globalization;
using System.Text;

namespace Temper.Reporting.Documents;

/// <summary>Builds HTML and SVG text; every text and attribute that goes in is escaped.</summary>
internal sealed class Markup
{
    private readonly StringBuilder _text = new();
    private readonly Stack<string> _open = new();

    /// <summary>Opens an element.</summary>
    internal Markup Open(string name, params ReadOnlySpan<(string Name, object? Value)> attributes)
    {
        Start(name, attributes);
        _text.Append('>');
        _open.Push(name);
        return this;
    }

    /// <summary>Closes what was opened last.</summary>
    internal Markup Close()
    {
        _text.Append("</").Append(_open.Pop()).Append(">\n");
        return this;
    }

    /// <summary>An element without content.</summary>
    internal Markup Empty(string name, params ReadOnlySpan<(string Name, object? Value)> attributes)
    {
        Start(name, attributes);
        _text.Append("/>\n");
        return this;
    }

    /// <summary>An element with a text.</summary>
    internal Markup Leaf(string name, string content, params ReadOnlySpan<(string Name, object? Value)> attributes) =>
        Open(name, attributes).Text(content).Close();

    internal Markup Text(string text)
    {
        _text.Append(Escape(text));
        return this;
    }

    /// <summary>Markup that another builder made, or our own constant text.</summary>
    internal Markup Raw(string markup)
    {
        _text.Append(markup);
        return this;
    }

    /// <summary>The text; everything that was opened is closed.</summary>
    public override string ToString() => _open.Count == 0
        ? _text.ToString()
        : throw new InvalidOperationException($"markup: not closed (got {string.Join(", ", _open)})");

    /// <summary>Safe in text and in quoted attributes; characters that XML does not have become U+FFFD.</summary>
    internal static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            escaped.Append(rune.Value switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                < 0x20 and not ('\n' or '\t') or 0x7F or 0xFFFE or 0xFFFF => "\uFFFD",
                _ => rune.ToString(),
            });
        }

        return escaped.ToString();
    }

    private void Start(string name, ReadOnlySpan<(string Name, object? Value)> attributes)
    {
        _text.Append('<').Append(name);
        foreach ((string attribute, object? value) in attributes)
        {
            if (value is not null)
            {
                _text.Append(' ').Append(attribute).Append("=\"").Append(Escape(Show(value))).Append('"');
            }
        }
    }

    // A hundredth of a pixel is less than any screen shows.
    private static string Show(object value) => value switch
    {
        double number => Math.Round(number, 2).ToString(CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
