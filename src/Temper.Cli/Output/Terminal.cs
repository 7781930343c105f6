using System.Globalization;
using Spectre.Console;
using Temper.Cli.CommandLine;
using Temper.Parallelism.Collectives;

namespace Temper.Cli.Output;

/// <summary>Where a command writes: results to standard output, everything else to standard error.</summary>
internal sealed class Terminal
{
    private const int LogWidth = 160;
    private const int MinWidth = 20;
    private readonly Lazy<IAnsiConsole> _results;
    private readonly Lazy<IAnsiConsole> _messages;

    private Terminal(string color, bool isQuiet, bool isJson)
    {
        IsQuiet = isQuiet;
        IsJson = isJson;
        IsLive = !isQuiet && !isJson && !Console.IsErrorRedirected && !IsDumb;
        _results = new Lazy<IAnsiConsole>(
            () => Create(Console.Out, HasColor(color, Console.IsOutputRedirected), Console.IsOutputRedirected));
        _messages = new Lazy<IAnsiConsole>(
            () => Create(Console.Error, HasColor(color, Console.IsErrorRedirected), Console.IsErrorRedirected));
    }

    /// <summary>Before the settings are known: no color.</summary>
    internal static Terminal Plain { get; } = new("never", isQuiet: false, isJson: false);

    internal bool IsQuiet { get; }

    internal bool IsJson { get; }

    /// <summary>True if somebody watches: a line may be written over.</summary>
    internal bool IsLive { get; }

    /// <summary>True while a progress bar stands in the last line.</summary>
    internal bool ShowsBar { get; set; }

    /// <summary>For results; made when first used.</summary>
    internal IAnsiConsole Results => _results.Value;

    /// <summary>For everything else.</summary>
    internal IAnsiConsole Messages => _messages.Value;

    /// <summary>
    /// The width that COLUMNS asks for where the output goes to no terminal: programs that show it set this.
    /// </summary>
    private static int? AskedWidth =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), CultureInfo.InvariantCulture, out int columns)
            && columns >= MinWidth
            ? columns : null;

    private static bool IsDumb =>
        string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal);

    /// <summary>
    /// Called before anything is written. Open MPI gives its ranks a pseudo-terminal as standard output, wherever its
    /// own output goes; what .NET sends to a terminal first would stand before JSON in a pipe.
    /// </summary>
    internal static void Prepare()
    {
        if (MpiLaunch.Current is { IsMpich: false })
        {
            Environment.SetEnvironmentVariable("TERM", "dumb");
        }
    }

    internal static Terminal For(SettingValues values) => new(
        values.Get(CommonSettings.Color), values.Get(CommonSettings.Quiet), values.Get(CommonSettings.Json));

    /// <summary>A line about what goes on; not written in quiet mode.</summary>
    internal void Note(string line)
    {
        if (IsQuiet)
        {
            return;
        }

        if (ShowsBar)
        {
            // Through the console that draws the bar: the line goes above it, and the bar is drawn again below.
            Messages.WriteLine(line);
        }
        else
        {
            Console.Error.WriteLine(line);
        }
    }

    /// <summary>The line that says why the tool failed.</summary>
    internal static void Error(string message) => Console.Error.WriteLine($"temper: {message}");

    /// <summary>
    /// Ours to decide: Spectre.Console takes a pipe for a terminal when TERM is set. NO_COLOR (no-color.org) counts
    /// when not empty.
    /// </summary>
    private static bool HasColor(string color, bool isRedirected) => color switch
    {
        "always" => true,
        "never" => false,
        _ => !isRedirected && !IsDumb && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
    };

    private static IAnsiConsole Create(TextWriter writer, bool hasColor, bool isRedirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = hasColor || (!isRedirected && !IsDumb) ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = hasColor ? ColorSystemSupport.EightBit : ColorSystemSupport.NoColors,
            Interactive = isRedirected ? InteractionSupport.No : InteractionSupport.Detect,
            Out = new AnsiConsoleOutput(writer),
        });
        if (isRedirected)
        {
            console.Profile.Width = AskedWidth ?? LogWidth;
        }

        return console;
    }
}
