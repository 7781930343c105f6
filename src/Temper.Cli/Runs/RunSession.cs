using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Randomness;
using Temper.Reporting.Runs;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>
/// One run of a command: its folder, data, trainings and measurements. Trainings have names; one that the folder has a checkpoint of
/// goes on from there, and one that had ended gives its result at once, so a resumed run just does everything again.
/// </summary>
internal sealed class RunSession : IDisposable
{
    private readonly CommandContext _context;
    private readonly RunDescription _description;
    private readonly RunTracker _tracker;
    private readonly List<PhaseRecord> _phases = [];
    private readonly List<NetworkRecord> _networks = [];
    private readonly long _start = TimeProvider.System.GetTimestamp();

    /// <param name="context">The settings.</param>
    /// <param name="description">Which command on what.</param>
    /// <param name="data">Opened before the folder is made, so that a wrong name leaves none behind.</param>
    internal RunSession(CommandContext context, RunDescription description, DataSets? data)
    {
        _context = context;
        _description = description;
        Data = data;
        (Train, Validation) = data is null ? (null, null) : Split(data);
        Folder = context.Get(RunSettings.Resume) is { } resume
            ? RunSettings.Find(resume, context.Get(RunSettings.Runs), description.Command)
            : RunFolder.Create(context.Get(RunSettings.Runs), new RunName(description.Command, description.Data, Seed), TimeProvider.System);
        Formats.AtomicFile.WriteText(Folder.ConfigPath, context.Values.ToYaml());
        _tracker = new RunTracker(Folder);
    }

    internal RunFolder Folder { get; }

    internal DataSets? Data { get; }

    internal Dataset? Train { get; }

    internal Dataset? Validation { get; }

    internal ulong Seed => _context.Get(RunSettings.Seed);

    internal RandomStream Stream => RandomStream.FromSeed(Seed);

    /// <summary>A line for the terminal and the log.</summary>
    internal void Note(string line)
    {
        _context.Terminal.Note(line);
        Folder.Log(line);
    }

    /// <summary>Trains a network, or goes on with it.</summary>
    /// <param name="phase">Its name in this run; also of its checkpoints.</param>
    /// <param name="network">Where training begins.</param>
    /// <param name="options">How; folder and callbacks are added.</param>
    /// <param name="isOnly">Whether the run has no other training, so that names of metrics need no prefix.</param>
    internal TrainingResult Fit(string phase, Network network, TrainingOptions options, bool isOnly = false)
    {
        string checkpoints = Path.Combine(Folder.CheckpointsPath, phase);
        (_tracker.Phase, _tracker.Epochs) = (isOnly ? "" : $"{phase}/", options.Epochs);
        options = options with { CheckpointFolder = checkpoints, Callbacks = [.. options.Callbacks, _tracker] };
        TrainingResult? result = null;
        bool goesOn = Trainer.CanResume(checkpoints);
        ProgressDisplay.Run(_context.Terminal, phase, display =>
        {
            _tracker.Display = display;
            result = goesOn
                ? Trainer.Resume(network, Train!, Validation!, options, _context.Cancel)
                : Trainer.Fit(network, Train!, Validation!, options, _context.Cancel);
            _tracker.Display = null;
        });
        if (!result!.IsComplete)
        {
            throw new ToolException(ExitCode.Interrupted, $"{_description.Command}: stopped; go on with: temper {_description.Command} --resume {Folder.FullPath}");
        }

        _tracker.AddWeights(result.Network);
        _tracker.StepsBefore += result.Steps;
        _phases.Add(RunRecords.Of(phase, result));
        return result;
    }

    /// <summary>Saves a network into the folder and measures it on the test samples.</summary>
    /// <param name="name">What it is in this run.</param>
    /// <param name="network">The network.</param>
    /// <param name="file">Name of its file.</param>
    internal Measurement Measure(string name, Network network, string file)
    {
        string path = Folder.PathOf(file);
        ModelFile.Save(network, path);
        Measurement measured = Measurement.Of(name, network, path, Data?.Test, _context.Cancel);
        _networks.Add(measured.Record);
        Note(measured.Summary);
        return measured;
    }

    /// <summary>Writes result and report, and tells the user.</summary>
    internal int Finish(Measurement result)
    {
        RunRecord record = new()
        {
            Command = _description.Command,
            Network = _description.Network,
            Data = _description.Data,
            Seed = Seed,
            Validation = Data is null ? 0 : _context.Get(RunSettings.Validation),
            Seconds = Math.Round(TimeProvider.System.GetElapsedTime(_start).TotalSeconds, 3),
            Phases = _phases,
            Networks = _networks,
            Confusion = result.Confusion,
            Classes = Data?.Test.ClassNames ?? [],
            Reproduce = [$"temper {_description.Command} --config config.yaml"],
        };
        RunRecords.Save(Folder, record, result.Samples);
        string report = RunRecords.WriteReport(Folder, Folder.PathOf(RunRecords.ReportName));
        if (_context.IsJson)
        {
            JsonResult.Write(_description.Command, new JsonObject
            {
                ["folder"] = Folder.FullPath, ["report"] = report, ["result"] = RunRecords.ToJson(record),
            });
        }
        else
        {
            RunRecords.ToTable(record).Write(_context.Terminal);
            Console.Out.WriteLine($"run folder: {Folder.FullPath}");
            Console.Out.WriteLine($"report:     {report}");
        }

        return Threshold.Check(_context, result.Record.TestAccuracy);
    }

    public void Dispose() => _tracker.Dispose();

    private (Dataset Train, Dataset Validation) Split(DataSets data)
    {
        int count = Math.Max(1, (int)Math.Round(data.Train.Count * _context.Get(RunSettings.Validation)));
        return data.SplitValidation(count, Stream.Split("validation"));
    }
}

/// <summary>What a run is about.</summary>
/// <param name="Command">The command.</param>
/// <param name="Network">The network as the user named it.</param>
/// <param name="Data">The data as the user named it; a dash where there is none.</param>
internal sealed record RunDescription(string Command, string Network, string Data);

/// <summary>The promise that <c>--fail-below</c> makes to scripts.</summary>
internal static class Threshold
{
    internal static int Check(CommandContext context, double? accuracy)
    {
        if (context.Get(RunSettings.FailBelow) is not { } least || accuracy * 100 >= least)
        {
            return ExitCode.Success;
        }

        Terminal.Error($"test accuracy is below the threshold (got {accuracy * 100:F2} %, expected at least {least} %)");
        return ExitCode.ThresholdNotMet;
    }
}
