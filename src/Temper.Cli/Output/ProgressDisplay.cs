using System.Diagnostics;
using Spectre.Console;

namespace Temper.Cli.Output;

/// <summary>
/// Shows the progress of long work: a bar on an interactive terminal, a line per tenth of the work in a log, and
/// nothing with <c>--json</c> or <c>--quiet</c>.
/// </summary>
internal abstract class ProgressDisplay
{
    /// <summary>Reports progress.</summary>
    /// <param name="done">Fraction done, 0 to 1.</param>
    /// <param name="state">Short description of the state, such as epoch and loss.</param>
    internal abstract void Report(double done, string state);

    /// <summary>Runs the work with the display that suits the terminal.</summary>
    internal static void Run(Terminal terminal, string title, Action<ProgressDisplay> work)
    {
        if (terminal.IsLive)
        {
            LiveBar.Show(terminal, title, work);
        }
        else
        {
            work(terminal.IsQuiet || terminal.IsJson ? new Silent() : new LogLines(terminal, title));
        }
    }

    /// <summary>A duration in words. Minutes are rounded down, since the seconds follow.</summary>
    internal static string Text(TimeSpan time) =>
        time.TotalSeconds < 60 ? $"{time.TotalSeconds:F0} s" : $"{(long)time.TotalMinutes} min {time.Seconds} s";

    private sealed class Silent : ProgressDisplay
    {
        internal override void Report(double done, string state)
        {
        }
    }

    /// <summary>Writes one line per tenth of the work.</summary>
    private sealed class LogLines(Terminal terminal, string title) : ProgressDisplay
    {
        private const double Every = 0.1;
        private readonly long _start = Stopwatch.GetTimestamp();
        private double _next = Every;

        internal override void Report(double done, string state)
        {
            if (done < _next - 1e-9)
            {
                return;
            }

            _next = (Math.Floor((done / Every) + 1e-9) + 1) * Every;
            TimeSpan passed = Stopwatch.GetElapsedTime(_start);
            TimeSpan left = passed * ((1 - done) / done);
            terminal.Note($"{title}: {done,4:P0}, {state}, {Text(left)} left");
        }
    }

    private sealed class LiveBar(ProgressTask task, string title) : ProgressDisplay
    {
        internal static void Show(Terminal terminal, string title, Action<ProgressDisplay> work)
        {
            terminal.ShowsBar = true;
            try
            {
                terminal.Messages.Progress().AutoClear(enabled: false).HideCompleted(enabled: false)
                    .Columns(
                        new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(),
                        new PercentageColumn(), new RemainingTimeColumn())
                    .Start(context => work(new LiveBar(context.AddTask(Markup.Escape(title)), title)));
            }
            finally
            {
                terminal.ShowsBar = false;
            }
        }

        internal override void Report(double done, string state)
        {
            task.Description = Markup.Escape($"{title}: {state}");
            task.Value = done * task.MaxValue;
        }
    }
}
