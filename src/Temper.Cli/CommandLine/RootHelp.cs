namespace Temper.Cli.CommandLine;

/// <summary>
/// Writes the output of <c>temper --help</c>: the list of commands. It has the format of System.CommandLine but does
/// not use that library, because loading and compiling it would double the time.
/// </summary>
internal static class RootHelp
{
    private const string Indent = "  ";

    private static readonly (string Name, string Help)[] Options =
        [("-?, -h, --help", "Show help and usage information"), ("--version", "Show version information")];

    /// <summary>Width of the terminal in columns; unlimited if the output is redirected.</summary>
    internal static int Width => Console.IsOutputRedirected ? int.MaxValue : Console.WindowWidth;

    internal static bool IsAskedFor(string[] args) => args is ["--help" or "-h" or "-?"];

    internal static void Write(
        TextWriter writer, int width, string description, IReadOnlyList<(string Name, string Help)> commands)
    {
        writer.WriteLine("Description:");
        foreach (string line in description.Split('\n'))
        {
            Wrap(writer, Indent, line.TrimEnd('\r'), width);
        }

        writer.WriteLine();
        writer.WriteLine("Usage:");
        writer.WriteLine($"{Indent}temper [command] [options]");
        writer.WriteLine();
        Table(writer, "Options:", Options, width);
        writer.WriteLine();
        Table(writer, "Commands:", commands, width);
        writer.WriteLine();
    }

    private static void Table(
        TextWriter writer, string title, IReadOnlyList<(string Name, string Help)> rows, int width)
    {
        writer.WriteLine(title);
        int column = 0;
        foreach ((string name, _) in rows)
        {
            column = Math.Max(column, name.Length);
        }

        foreach ((string name, string help) in rows)
        {
            Wrap(writer, $"{Indent}{name.PadRight(column)}{Indent}", help, width);
        }
    }

    /// <summary>
    /// Writes a text after a head, wrapped between words at the width; further lines are indented by the length of the
    /// head.
    /// </summary>
    private static void Wrap(TextWriter writer, string head, string text, int width)
    {
        int space = Math.Max(width - head.Length, 1);
        while (text.Length > space && text.LastIndexOf(' ', space) is > 0 and var end)
        {
            writer.WriteLine(head + text[..end]);
            text = text[(end + 1)..];
            head = new string(' ', head.Length);
        }

        writer.WriteLine(head + text);
    }
}
