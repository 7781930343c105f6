using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Parallelism.Execution;
using Temper.Randomness;
using Temper.Reporting.Documents;
using Temper.Reporting.Runs;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>
/// One run of a command: its folder, data, trainings and measurements. Trainings are the stages of a
/// <see cref="StagedRun"/>, which returns the results of completed stages, so a resumed run executes the same code from
/// the start.
/// </summary>
internal sealed class RunSession : IDisposable
{
    private readonly CommandContext _context;
    private readonly RunDescription _description;
    private readonly RunTracker _tracker;
    private readonly StagedRun _stages;
    private readonly TimeLimit _limit;
    private readonly List<PhaseRecord> _phases = [];
    private readonly List<NetworkRecord> _networks = [];
    private readonly List<(string, SparsityReport)> _weights = [];
    private readonly List<Section> _sections = [];
    private readonly long _start;
    private readonly double _validationPart;
    private bool _isEnded;

    /// <param name="context">Settings of the command.</param>
    /// <param name="description">Command, network and data of the run.</param>
    /// <param name="data">
    /// The data, opened before the run folder is created, so that a wrong name leaves no folder behind; null: no data.
    /// </param>
    internal RunSession(CommandContext context, RunDescription description, DataSets? data)
    {
        _context = context;
        _description = description;
        _start = context.Time.GetTimestamp();
        _limit = new TimeLimit(
            description.PlansTime ? null : context.Get(RunSettings.MaxTime), context.Elapsed, context.Time,
            context.Cancel);
        DataSplit? split = data is null ? null : description.Split?.Invoke(data) ?? Split(context, data);
        (Train, Validation, _validationPart) = (split?.Train, split?.Validation, split?.Part ?? 0);
        Data = split is null ? data : data! with { Test = split.Test };
        Folder = context.Get(RunSettings.Resume) is { } resume
            ? RunSettings.Find(resume, context.Get(RunSettings.Runs), description.Command)
            : RunFolder.Create(
                context.Get(RunSettings.Runs), new RunName(description.Command, description.Data, Seed), context.Time);
        if (File.Exists(Folder.ConfigPath))
        {
            StartingWeights.RequireSame(Folder, description);
        }
        else
        {
            // Before the settings, without which a run cannot be resumed.
            StartingWeights.Record(Folder, description.Start);
            WriteConfig();
        }

        SecondsBefore = SecondsIn(Folder);
        _tracker = new RunTracker(Folder, context.Time);
        _stages = new StagedRun(Folder, context.Time);
    }

    internal RunFolder Folder { get; }

    internal DataSets? Data { get; }

    internal Dataset? Train { get; }

    internal Dataset? Validation { get; }

    internal ulong Seed => _context.Get(RunSettings.Seed);

    /// <summary>Canceled when the time limit is reached, or by Ctrl-C.</summary>
    internal CancellationToken Cancel => _limit.Token;

    internal TimeProvider Time => _context.Time;

    /// <summary>
    /// Cancels the run if the time limit is over, however late the timer fires. Trainings check it after each step.
    /// </summary>
    internal void CheckTime() => _limit.OnStep(default);

    /// <summary>Seconds of the run before it was resumed; 0 for a new run.</summary>
    internal double SecondsBefore { get; }

    internal RandomStream Stream => RandomStream.FromSeed(Seed);

    /// <summary>Names and weight counts of the measured networks, for sections that compare them.</summary>
    internal IReadOnlyList<(string Name, SparsityReport Report)> Weights => _weights;

    /// <summary>Evaluations shared by the ranks; null: this process runs them alone.</summary>
    internal SharedEvaluation? Shared { get; init; }

    /// <summary>Evaluates a network on samples.</summary>
    internal EvaluationResult Evaluate(Network network, Dataset samples) =>
        Shared?.Evaluate(network, samples, _context.Cancel)
            ?? Evaluator.Evaluate(network, samples, cancel: _context.Cancel);

    /// <summary>The checkpoint folder of a training.</summary>
    internal string CheckpointsOf(string phase) => _stages.CheckpointsOf(phase);

    /// <summary>Writes a line to the terminal and the log.</summary>
    internal void Note(string line)
    {
        _context.Terminal.Note(line);
        Folder.Log(line);
    }

    /// <summary>Tells from which checkpoint a training continues.</summary>
    /// <param name="where">Position of the checkpoint, such as <c>step 20 of 100</c>.</param>
    internal void NoteCheckpoint(string where) => Note($"resuming after {where}");

    /// <summary>Writes values of a training without epochs to the metrics and the event file.</summary>
    /// <param name="step">Current step of the training.</param>
    /// <param name="values">Values by name; values that are not finite are skipped.</param>
    internal void Log(long step, IEnumerable<KeyValuePair<string, double>> values) =>
        _tracker.Write(step, [.. values.Where(value => double.IsFinite(value.Value))]);

    /// <summary>Adds a section to the report, after the sections common to all runs.</summary>
    internal void Add(Section section) => _sections.Add(section);

    /// <summary>
    /// Makes a choice that depends on time or on the machine. The choice is stored; a resumed run returns the stored
    /// choice.
    /// </summary>
    internal string Choose(string phase, string name, Func<string> choose) => _stages.Choose(phase, name, choose);

    /// <summary>Writes the report of a run that is still in progress.</summary>
    /// <param name="section">Section with the results so far.</param>
    internal void Preview(Section section) => RunRecords.WritePreview(Folder, Record([section]));

    /// <summary>Trains a network, or resumes its training from a checkpoint.</summary>
    /// <param name="phase">Name of the training in this run, also used for its checkpoint folder.</param>
    /// <param name="network">The initial network.</param>
    /// <param name="options">Training options; checkpoint folder and callbacks are added.</param>
    /// <param name="isOnly">Whether this is the only training of the run, so that metric names need no prefix.</param>
    internal TrainingResult Fit(string phase, Network network, TrainingOptions options, bool isOnly = false)
    {
        _tracker.Start(isOnly ? "" : $"{phase}/", options.Epochs);
        options = options with { Callbacks = [.. options.Callbacks, _tracker, _limit] };
        TrainingResult? result = null;

        // A training that had finished before loads its checkpoint too, but makes no step.
        string? where = _stages.PositionOf(phase) is { } position
            ? StepOf(phase, position.Steps, position.Epoch)
            : null;
        _tracker.FirstStep = () => Begin(where);
        try
        {
            ProgressDisplay.Run(_context.Terminal, phase, display =>
            {
                _tracker.Display = display;
                result = _stages.Fit(phase, network, (Train!, Validation!), options, _limit.Token);
                _tracker.Display = null;
            });
        }
        catch (TrainingDivergedException error)
        {
            // A growth goes on with another training. Its metrics would be taken for repeated ones on a resume if their
            // steps were not after those of this training.
            _tracker.StepsBefore += error.Step;
            throw;
        }

        if (!result!.IsComplete)
        {
            _tracker.FirstStep?.Invoke();
            throw Stopped(phase, result);
        }

        _tracker.AddWeights(result.Network, result.Steps);
        _tracker.StepsBefore += result.Steps;
        _phases.Add(RunRecords.Of(phase, result));
        return result;
    }

    /// <summary>Saves a network to the run folder and measures it on the test samples.</summary>
    /// <param name="name">Name of the network in this run, such as before.</param>
    /// <param name="network">The network to measure.</param>
    /// <param name="file">File name for the network.</param>
    internal Measurement Measure(string name, Network network, string file)
    {
        string path = Folder.PathOf(file);
        ModelFile.Save(network, path, new SaveOptions { Sparse = true });       // tensors without many zeros stay dense
        Measurement measured = Measurement.Of(name, network, path, Data?.Test, Evaluate);
        _networks.Add(measured.Record);
        _weights.Add((name, measured.Weights));
        Note(measured.Summary);
        return measured;
    }

    /// <summary>Writes the result and the report, and prints them.</summary>
    /// <param name="result">Measurement of the resulting network.</param>
    /// <param name="fields">Fields of the command's JSON document besides the record; null: none.</param>
    /// <param name="summary">Line printed below the table of networks; null: none.</param>
    internal int Finish(Measurement result, JsonObject? fields = null, string? summary = null)
    {
        RunRecord record = Record(RunSections.Of(
            _phases, _networks,
            [.. _sections, .. RunSections.OfDecisions(Folder.ReadDecisions()), .. RunSections.OfUnused(Unused())],
            RunSections.OfAnswers(result)));

        // Written only now or at a step (see Begin): a resume may change settings such as the epochs, but a resume that
        // is refused must not overwrite the settings in the run folder.
        WriteConfig();
        RunRecords.Save(Folder, record);
        _isEnded = true;
        string report = RunRecords.WriteReport(Folder, Folder.PathOf(RunRecords.ReportName));
        if (_context.IsJson)
        {
            JsonObject document = fields ?? [];
            document["folder"] = Folder.FullPath;
            document["report"] = report;
            document["result"] = RunRecords.ToJson(record.WithoutPictures());
            JsonResult.Write(_description.Command, document);
        }
        else
        {
            RunRecords.ToTable(record).Write(_context.Terminal);
            if (summary is not null)
            {
                Console.Out.WriteLine(summary);
            }

            Console.Out.WriteLine($"run folder: {Folder.FullPath}");
            Console.Out.WriteLine($"report:     {report}");
        }

        return _description.HasAccuracy ? Threshold.Check(_context, result.Record.TestAccuracy) : ExitCode.Success;
    }

    public void Dispose()
    {
        if (_context.Cancel.IsCancellationRequested && !_isEnded)
        {
            // Interrupted outside of a training, for example while a network is measured.
            Note($"interrupted; {Resumption}");
        }

        _tracker.Dispose();
        _limit.Dispose();
    }

    private RunRecord Record(IReadOnlyList<Section> sections) => new()
    {
        Title = _description.Title,
        Command = _description.Command,
        Network = _description.Network,
        Data = _description.Data,
        Seed = Seed,
        Validation = _validationPart,
        Seconds = Seconds(),
        Samples = Data is null ? null : new SampleCounts(Train!.Count, Validation!.Count, Data.Test.Count),
        Unused = Unused(),
        Phases = _phases,
        Networks = _networks,
        Sections = sections,
        Reproduce = [$"temper {_description.Command} --config config.yaml"],
    };

    /// <summary>
    /// Called at the first step of a training. The settings with which it continues are then also those of the next
    /// resume, for example more epochs: this process may not live to its end.
    /// </summary>
    /// <param name="where">Position of the checkpoint from which the training continues; null: it is new.</param>
    private void Begin(string? where)
    {
        if (_context.Get(RunSettings.Resume) is not null)
        {
            WriteConfig();
        }

        if (where is not null)
        {
            NoteCheckpoint(where);
        }
    }

    private void WriteConfig() => Formats.AtomicFile.WriteText(Folder.ConfigPath, _context.Values.ToYaml());

    /// <summary>Records why a training stopped before its end and returns the error for the user.</summary>
    private ToolException Stopped(string phase, TrainingResult result) =>
        Stopped(phase, result.Steps, StepOf(phase, result.Steps, result.History.Count + 1));

    private static string StepOf(string phase, long steps, int epoch) =>
        $"step {steps} of training '{phase}', epoch {epoch}";

    /// <inheritdoc cref="Stopped(string, TrainingResult)"/>
    internal ToolException Stopped(string phase, long step, string where)
    {
        bool isTime = _limit.IsOver && !_context.Cancel.IsCancellationRequested;
        string why = isTime
            ? $"{RunSettings.MaxTime.Flag} {Durations.Show(_context.Get(RunSettings.MaxTime)!.Value)} was reached"
            : "interrupted";
        string text = $"{why} after {where}";
        _isEnded = true;
        Folder.Record(new RunDecision
        {
            Time = _context.Time.GetUtcNow(), Kind = isTime ? RunDecision.TimeLimit : RunDecision.Interrupt,
            Phase = phase, Step = step, Text = text, Seconds = Seconds(),
        });
        Folder.Log(text);
        return new ToolException(ExitCode.Interrupted, $"{_description.Command}: {text}; {Resumption}");
    }

    private string Resumption => $"resume with: temper {_description.Command} --resume {Quoted(Folder.FullPath)}";

    /// <summary>A path as a shell reads it: in quotes if it has a space.</summary>
    private static string Quoted(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path;

    /// <summary>Seconds of the run, including the time before it was resumed.</summary>
    private double Seconds() => Math.Round(SecondsBefore + _context.Time.GetElapsedTime(_start).TotalSeconds, 3);

    private static double SecondsIn(RunFolder folder) =>
        Math.Max(folder.ReadSeconds(), File.Exists(folder.ResultPath) ? RunRecords.Read(folder).Seconds : 0);

    private UnusedRecord[] Unused() =>
        [.. (Data?.Unused ?? []).Select(one => new UnusedRecord(one.Name, one.Count, one.Reason))];

    /// <summary>
    /// Splits off the validation samples: at least one sample remains for training and at least one for validation.
    /// </summary>
    internal static DataSplit Split(CommandContext context, DataSets data) =>
        Split(data, context.Get(RunSettings.Validation), context.Get(RunSettings.Seed));

    /// <inheritdoc cref="Split(CommandContext, DataSets)"/>
    internal static DataSplit Split(DataSets data, double part, ulong seed)
    {
        int count = Math.Clamp((int)Math.Round(data.Train.Count * part), 1, Math.Max(1, data.Train.Count - 1));
        (Dataset train, Dataset validation) =
            data.SplitValidation(count, RandomStream.FromSeed(seed).Split("validation"));
        return new DataSplit(train, validation, data.Test, part);
    }
}
