using System.Globalization;
using System.Text;

namespace Temper.Reporting.Documents;

/// <summary>Builds HTML and SVG text; texts and attribute values are escaped.</summary>
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

    /// <summary>Closes the innermost open element.</summary>
    internal Markup Close()
    {
        _text.Append("</").Append(_open.Pop()).Append(">\n");
        return this;
    }

    /// <summary>Adds an element without content.</summary>
    internal Markup Empty(string name, params ReadOnlySpan<(string Name, object? Value)> attributes)
    {
        Start(name, attributes);
        _text.Append("/>\n");
        return this;
    }

    /// <summary>Adds an element that contains text.</summary>
    internal Markup Leaf(string name, string content, params ReadOnlySpan<(string Name, object? Value)> attributes) =>
        Open(name, attributes).Text(content).Close();

    internal Markup Text(string text)
    {
        _text.Append(Escape(text));
        return this;
    }

    /// <summary>Adds markup without escaping: output of another builder, or constant text.</summary>
    internal Markup Raw(string markup)
    {
        _text.Append(markup);
        return this;
    }

    /// <summary>Returns the markup; throws if an element is still open.</summary>
    public override string ToString() => _open.Count == 0
        ? _text.ToString()
        : throw new InvalidOperationException($"markup: not closed (got {string.Join(", ", _open)})");

    /// <summary>
    /// Escapes text for content and quoted attributes; characters that are invalid in XML become U+FFFD.
    /// </summary>
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

    // Two decimals are enough: a hundredth of a pixel is not visible.
    private static string Show(object value) => value switch
    {
        double number => Math.Round(number, 2).ToString(CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
