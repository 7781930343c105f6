using System.Text;
using Temper.Formats;

namespace Temper.Data.Tables;

/// <summary>
/// Reads the rows of a text with delimiters (RFC 4180), strictly: misplaced quotes, NUL characters and fields that no
/// number or name has are errors. Lines end with CR LF, LF or CR; empty lines are skipped.
/// </summary>
internal sealed class DelimitedReader(string path, TextReader text, char delimiter)
{
    /// <summary>Maximum length of a field, in characters.</summary>
    private const int MaxLength = 4096;

    private readonly StringBuilder _field = new();
    private int _line = 1;

    /// <summary>Line on which the last row began, from 1.</summary>
    internal int Line { get; private set; }

    /// <summary>Reads the next row; spaces around a field do not count.</summary>
    /// <param name="fields">Receives the fields.</param>
    /// <param name="max">Maximum number of fields; a longer row is an error.</param>
    /// <returns>False at the end of the text.</returns>
    internal bool Read(List<string> fields, int max)
    {
        fields.Clear();
        int next = Next();
        while (next == '\n')
        {
            next = Next();
        }

        Line = _line;
        bool isEnd = next < 0;
        while (!isEnd)
        {
            next = next == '"' ? Quoted() : Plain(next);
            if (fields.Count == max)
            {
                throw Error($"the row has too many values (expected {max})");
            }

            fields.Add(_field.ToString().Trim());
            isEnd = next != delimiter;
            next = isEnd ? next : Next();
        }

        return fields.Count > 0;
    }

    internal ModelFormatException Error(string reason) => new(path, $"csv: line {Line}: {reason}");

    /// <summary>Reads a field without quotes.</summary>
    /// <returns>The character after the field: the delimiter, a line feed, or -1 at the end.</returns>
    private int Plain(int next)
    {
        _field.Clear();
        while (next >= 0 && next != delimiter && next != '\n')
        {
            if (next == '"')
            {
                throw Error("a quote in a value without quotes (expected \"...\" around the whole value)");
            }

            Append(next);
            next = Next();
        }

        return next;
    }

    /// <summary>Reads a field after its first quote; two quotes stand for one.</summary>
    private int Quoted()
    {
        _field.Clear();
        int next = Next();
        while (next >= 0)
        {
            if (next == '"')
            {
                next = Next();
                if (next != '"')
                {
                    return next < 0 || next == delimiter || next == '\n'
                        ? next
                        : throw Error("text after the closing quote of a value");
                }
            }

            Append(next);
            next = Next();
        }

        throw Error("a quote is not closed");
    }

    private void Append(int character)
    {
        if (_field.Length == MaxLength)
        {
            throw Error($"a value is too long (expected at most {MaxLength} characters); is the delimiter right?");
        }

        _field.Append((char)character);
    }

    /// <summary>Reads a character; every line end is a line feed.</summary>
    private int Next()
    {
        int next = text.Read();
        if (next == '\r')
        {
            next = text.Peek() == '\n' ? text.Read() : '\n';
        }

        _line += next == '\n' ? 1 : 0;
        return next != 0 ? next : throw new ModelFormatException(
            path, $"csv: line {_line}: a NUL character; the file is damaged or not UTF-8 text");
    }
}
