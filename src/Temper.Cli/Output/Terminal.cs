using System.Globalization;
using Spectre.Console;
using Temper.Cli.CommandLine;
using Temper.Parallelism.Collectives;

namespace Temper.Cli.Output;

/// <summary>The output of a command: results go to standard output, everything else to standard error.</summary>
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

    /// <summary>Terminal without color, used before the settings are known.</summary>
    internal static Terminal Plain { get; } = new("never", isQuiet: false, isJson: false);

    internal bool IsQuiet { get; }

    internal bool IsJson { get; }

    /// <summary>True if messages go to an interactive terminal, where a line can be overwritten.</summary>
    internal bool IsLive { get; }

    /// <summary>True while a progress bar is shown in the last line.</summary>
    internal bool ShowsBar { get; set; }

    /// <summary>Console for results (standard output).</summary>
    internal IAnsiConsole Results => _results.Value;

    /// <summary>Console for messages (standard error).</summary>
    internal IAnsiConsole Messages => _messages.Value;

    /// <summary>
    /// Width given by the environment variable <c>COLUMNS</c>, used if the output is redirected; null: not set or too
    /// small.
    /// </summary>
    private static int? AskedWidth =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), CultureInfo.InvariantCulture, out int columns)
            && columns >= MinWidth
            ? columns : null;

    private static bool IsDumb =>
        string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal);

    /// <summary>
    /// Prepares the environment before anything is written. Open MPI gives its ranks a pseudo-terminal as standard
    /// output even if its own output is redirected; without this, the control sequences that .NET first sends to a
    /// terminal would precede the JSON document.
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

    /// <summary>Writes a message line; nothing in quiet mode.</summary>
    internal void Note(string line)
    {
        if (IsQuiet)
        {
            return;
        }

        if (ShowsBar)
        {
            // The console that draws the bar writes the line above it and redraws the bar below.
            Messages.WriteLine(line);
        }
        else
        {
            Console.Error.WriteLine(line);
        }
    }

    /// <summary>Writes the line that says why the tool failed.</summary>
    internal static void Error(string message) => Console.Error.WriteLine($"temper: {message}");

    /// <summary>
    /// Whether to use color. Not left to Spectre.Console, which takes a pipe for a terminal if <c>TERM</c> is set.
    /// <c>NO_COLOR</c> (no-color.org) applies if it is not empty.
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
