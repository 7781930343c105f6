using Temper.Cli.CommandLine;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>
/// The process that starts or continues a run: opens the run folder, notes what happens, counts the seconds and, if it
/// is stopped, leaves what a resume needs and says how to resume.
/// </summary>
internal sealed class RunProcess
{
    private readonly CommandContext _context;
    private readonly string _command;
    private readonly TimeLimit _limit;
    private readonly long _start;
    private bool _hasEnded;

    /// <param name="context">Settings of the command.</param>
    /// <param name="description">Command, network and data of the run.</param>
    /// <param name="limit">Time limit of the trainings.</param>
    /// <param name="start">Timestamp from which on the seconds are counted.</param>
    internal RunProcess(CommandContext context, RunDescription description, TimeLimit limit, long start)
    {
        (_context, _command, _limit, _start) = (context, description.Command, limit, start);
        string runs = context.Get(RunSettings.Runs);
        Folder = context.Get(RunSettings.Resume) is { } resume
            ? RunSettings.Find(resume, runs, _command)
            : RunFolder.Create(
                runs, new RunName(_command, description.Data, context.Get(RunSettings.Seed)), context.Time);
        if (File.Exists(Folder.ConfigPath))
        {
            StartingWeights.RequireSame(Folder, description);
        }
        else
        {
            // Before the settings, without which a run cannot be resumed.
            StartingWeights.Record(Folder, description.Start);
            SaveSettings();
        }

        SecondsBefore = SecondsIn(Folder);
    }

    internal RunFolder Folder { get; }

    /// <summary>Seconds of the run before it was resumed; 0 for a new run.</summary>
    internal double SecondsBefore { get; }

    /// <summary>Seconds of the run, including the time before it was resumed.</summary>
    internal double Seconds() => Math.Round(SecondsBefore + _context.Time.GetElapsedTime(_start).TotalSeconds, 3);

    /// <summary>Writes a line to the terminal and the log.</summary>
    internal void Note(string line)
    {
        _context.Terminal.Note(line);
        Folder.Log(line);
    }

    /// <summary>
    /// Writes the settings. A resume may change some of them, such as the epochs, but a resume that is refused must not
    /// overwrite those in the run folder.
    /// </summary>
    internal void SaveSettings() => Formats.AtomicFile.WriteText(Folder.ConfigPath, _context.Values.ToYaml());

    /// <summary>Called at the first step of a training, or when it is certain that there will be one.</summary>
    /// <param name="where">
    /// Position of the checkpoint from which the training continues, such as <c>step 20 of 100</c>; null: it is new.
    /// </param>
    internal void Begin(string? where)
    {
        KeepSettings();
        if (where is not null)
        {
            Note($"resuming after {where}");
        }
    }

    /// <summary>Records why a training stopped before its end and returns the error for the user.</summary>
    /// <param name="phase">Name of the training.</param>
    /// <param name="step">Last step of the training.</param>
    /// <param name="where">The same in words, such as <c>step 20 of 100</c>.</param>
    internal ToolException Stopped(string phase, long step, string where)
    {
        bool isTime = _limit.IsOver && !_context.Cancel.IsCancellationRequested;
        string why = isTime
            ? $"{RunSettings.MaxTime.Flag} {Durations.Show(_context.Get(RunSettings.MaxTime)!.Value)} was reached"
            : "interrupted";
        string text = $"{why} after {where}";
        KeepSettings();
        End();
        Folder.Record(new RunDecision
        {
            Time = _context.Time.GetUtcNow(), Kind = isTime ? RunDecision.TimeLimit : RunDecision.Interrupt,
            Phase = phase, Step = step, Text = text, Seconds = Seconds(),
        });
        Folder.Log(text);
        return new ToolException(ExitCode.Interrupted, $"{_command}: {text}; {Resumption}");
    }

    /// <summary>Called when the run has ended, or when it is known why it was stopped.</summary>
    internal void End() => _hasEnded = true;

    /// <summary>
    /// Notes how to resume a run that was interrupted outside of a training, for example while a network was measured.
    /// </summary>
    internal void NoteInterruption()
    {
        if (_context.Cancel.IsCancellationRequested && !_hasEnded)
        {
            Note($"interrupted; {Resumption}");
        }
    }

    /// <summary>
    /// Makes the settings with which a resumed run continues those of the next resume, for example more epochs: this
    /// process may not live to its end.
    /// </summary>
    private void KeepSettings()
    {
        if (_context.Get(RunSettings.Resume) is not null)
        {
            SaveSettings();
        }
    }

    private string Resumption => $"resume with: temper {_command} --resume {Quoted(Folder.FullPath)}";

    /// <summary>A path as a shell reads it: in quotes if it has a space.</summary>
    internal static string Quoted(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path;

    private static double SecondsIn(RunFolder folder) =>
        Math.Max(folder.ReadSeconds(), File.Exists(folder.ResultPath) ? RunRecords.Read(folder).Seconds : 0);
}
