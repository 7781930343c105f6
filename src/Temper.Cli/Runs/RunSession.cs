using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
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
/// One run of a command: its data, trainings (<see cref="RunTrainings"/>), measurements and result. A resumed run
/// executes the same code from the start (<see cref="RunProcess"/>).
/// </summary>
internal sealed class RunSession : IDisposable
{
    private readonly CommandContext _context;
    private readonly RunDescription _description;
    private readonly TimeLimit _limit;
    private readonly RunProcess _process;
    private readonly RunTrainings _trainings;
    private readonly List<NetworkRecord> _networks = [];
    private readonly List<(string, SparsityReport)> _weights = [];
    private readonly List<Section> _sections = [];
    private readonly List<NetworkColumn> _columns = [];
    private readonly double _validationPart;

    /// <param name="context">Settings of the command.</param>
    /// <param name="description">Command, network and data of the run.</param>
    /// <param name="data">
    /// The data, opened before the run folder is created, so that a wrong name leaves no folder behind; null: no data.
    /// </param>
    internal RunSession(CommandContext context, RunDescription description, DataSets? data)
    {
        _context = context;
        _description = description;
        long start = context.Time.GetTimestamp();
        _limit = new TimeLimit(
            description.PlansTime ? null : context.Get(RunSettings.MaxTime), context.Elapsed, context.Time,
            context.Cancel);
        DataSplit? split = data is null ? null : description.Split?.Invoke(data) ?? DataSplit.Of(context, data);
        (Train, Validation, _validationPart) = (split?.Train, split?.Validation, split?.Part ?? 0);
        Data = split is null ? data : data! with { Test = split.Test };
        _process = new RunProcess(context, description, _limit, start);
        _trainings = new RunTrainings(context, _process, _limit);
    }

    internal RunFolder Folder => _process.Folder;

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
    internal void CheckTime() => _limit.Check();

    /// <inheritdoc cref="RunProcess.SecondsBefore"/>
    internal double SecondsBefore => _process.SecondsBefore;

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
    internal string CheckpointsOf(string phase) => _trainings.CheckpointsOf(phase);

    /// <inheritdoc cref="RunProcess.Note"/>
    internal void Note(string line) => _process.Note(line);

    /// <summary>Writes values of a training without epochs to the metrics and the event file.</summary>
    /// <param name="step">Current step of the training.</param>
    /// <param name="values">Values by name; values that are not finite are skipped.</param>
    internal void Log(long step, IEnumerable<KeyValuePair<string, double>> values) => _trainings.Log(step, values);

    /// <summary>
    /// Adds columns to the table of networks on the terminal: MACs, and milliseconds of a sample unless they were not
    /// measured.
    /// </summary>
    /// <param name="macs">Multiply-accumulates of the measured networks, in their order.</param>
    /// <param name="milliseconds">Milliseconds of the same networks; empty: not measured.</param>
    internal void AddCosts(IReadOnlyList<long> macs, IReadOnlyList<double> milliseconds)
    {
        _columns.Add(new NetworkColumn("#MACs", [.. macs.Select(count => $"{count:N0}")]));
        if (milliseconds.Count > 0)
        {
            _columns.Add(new NetworkColumn("#ms (batch 1)", [.. milliseconds.Select(
                time => time.ToString("F4", CultureInfo.InvariantCulture))]));
        }
    }

    /// <summary>Adds a section to the report, after the sections common to all runs.</summary>
    internal void Add(Section section) => _sections.Add(section);

    /// <summary>
    /// Makes a choice that depends on time or on the machine. The choice is stored; a resumed run returns the stored
    /// choice.
    /// </summary>
    internal string Choose(string phase, string name, Func<string> choose) => _trainings.Choose(phase, name, choose);

    /// <summary>Writes the report of a run that is still in progress.</summary>
    /// <param name="section">Section with the results so far.</param>
    internal void Preview(Section section) => RunRecords.WritePreview(Folder, Record([section]));

    /// <summary>Trains a network, or resumes its training from a checkpoint.</summary>
    /// <param name="phase">Name of the training in this run, also used for its checkpoint folder.</param>
    /// <param name="network">The initial network.</param>
    /// <param name="options">Training options; checkpoint folder and callbacks are added.</param>
    /// <param name="isOnly">Whether this is the only training of the run, so that metric names need no prefix.</param>
    internal TrainingResult Fit(string phase, Network network, TrainingOptions options, bool isOnly = false) =>
        _trainings.Fit(phase, network, (Train!, Validation!), options, isOnly);

    /// <inheritdoc cref="RunProcess.Begin"/>
    internal void Begin(string? where) => _process.Begin(where);

    /// <inheritdoc cref="RunProcess.Stopped"/>
    internal ToolException Stopped(string phase, long step, string where) => _process.Stopped(phase, step, where);

    /// <summary>The network as it is saved: it ends with a softmax if the given network does.</summary>
    internal Network Saved(Network network) =>
        _description.Given is { } given ? network.WithFinalSoftmaxOf(given) : network;

    /// <summary>Saves a network to the run folder and measures it on the test samples.</summary>
    /// <param name="name">Name of the network in this run, such as before.</param>
    /// <param name="network">The network to measure; it is saved as <see cref="Saved"/> returns it.</param>
    /// <param name="file">File name for the network.</param>
    internal Measurement Measure(string name, Network network, string file)
    {
        string path = Folder.PathOf(file);
        network = Saved(network);
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
            _trainings.Phases, _networks,
            [.. _sections, .. RunSections.OfDecisions(Folder.ReadDecisions()), .. RunSections.OfUnused(Unused())],
            RunSections.OfAnswers(result)));

        // Also of a resume that made no step, which has not written them yet.
        _process.SaveSettings();
        RunRecords.Save(Folder, record);
        _process.End();
        RunRecords.Tell(_context, Folder, record, _columns, fields, summary);
        return _description.HasAccuracy ? Threshold.Check(_context, result.Record.TestAccuracy) : ExitCode.Success;
    }

    public void Dispose()
    {
        _process.NoteInterruption();
        _trainings.Dispose();
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
        Seconds = _process.Seconds(),
        Samples = Data is null ? null : new SampleCounts(Train!.Count, Validation!.Count, Data.Test.Count),
        Unused = Unused(),
        Phases = _trainings.Phases,
        Networks = _networks,
        Sections = sections,
        Reproduce = [$"temper {_description.Command} --config config.yaml"],
    };

    private UnusedRecord[] Unused() =>
        [.. (Data?.Unused ?? []).Select(one => new UnusedRecord(one.Name, one.Count, one.Reason))];
}
