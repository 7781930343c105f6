using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Data;
using Temper.Networks;
using Temper.Reporting.Runs;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>
/// The trainings of a run: stages of a <see cref="StagedRun"/>, which returns the results of completed stages, so a
/// resumed run executes the same code from the start.
/// </summary>
internal sealed class RunTrainings : IDisposable
{
    private readonly Terminal _terminal;
    private readonly RunProcess _process;
    private readonly TimeLimit _limit;
    private readonly RunTracker _tracker;
    private readonly StagedRun _stages;
    private readonly List<PhaseRecord> _phases = [];

    /// <param name="context">Terminal and clock of the command.</param>
    /// <param name="process">The process of the run.</param>
    /// <param name="limit">Stops the trainings.</param>
    internal RunTrainings(CommandContext context, RunProcess process, TimeLimit limit)
    {
        (_terminal, _process, _limit) = (context.Terminal, process, limit);
        _tracker = new RunTracker(process.Folder, context.Time);
        _stages = new StagedRun(process.Folder, context.Time);
    }

    /// <summary>Records of the completed trainings, in their order.</summary>
    internal IReadOnlyList<PhaseRecord> Phases => _phases;

    /// <inheritdoc cref="RunSession.CheckpointsOf"/>
    internal string CheckpointsOf(string phase) => _stages.CheckpointsOf(phase);

    /// <inheritdoc cref="RunSession.Choose"/>
    internal string Choose(string phase, string name, Func<string> choose) => _stages.Choose(phase, name, choose);

    /// <inheritdoc cref="RunSession.Log"/>
    internal void Log(long step, IEnumerable<KeyValuePair<string, double>> values) =>
        _tracker.Write(step, [.. values.Where(value => double.IsFinite(value.Value))]);

    /// <summary>Trains a network, or resumes its training from a checkpoint.</summary>
    /// <param name="phase">Name of the training in this run, also used for its checkpoint folder.</param>
    /// <param name="network">The initial network.</param>
    /// <param name="data">Training samples, and validation samples used to select the best epoch.</param>
    /// <param name="options">Training options; checkpoint folder and callbacks are added.</param>
    /// <param name="isOnly">Whether this is the only training of the run, so that metric names need no prefix.</param>
    internal TrainingResult Fit(
        string phase, Network network, (Dataset Train, Dataset Validation) data, TrainingOptions options, bool isOnly)
    {
        _tracker.Start(isOnly ? "" : $"{phase}/", options.Epochs);
        options = options with { Callbacks = [.. options.Callbacks, _tracker, _limit] };
        TrainingResult? result = null;

        // A training that had finished before loads its checkpoint too, but makes no step.
        string? where = _stages.PositionOf(phase) is { } position
            ? StepOf(phase, position.Steps, position.Epoch)
            : null;
        _tracker.FirstStep = () => _process.Begin(where);
        try
        {
            ProgressDisplay.Run(_terminal, phase, display =>
            {
                _tracker.Display = display;
                result = _stages.Fit(phase, network, data, options, _limit.Token);
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
            throw _process.Stopped(phase, result.Steps, StepOf(phase, result.Steps, result.History.Count + 1));
        }

        _tracker.AddWeights(result.Network, result.Steps);
        _tracker.StepsBefore += result.Steps;
        _phases.Add(RunRecords.Of(phase, result));
        return result;
    }

    public void Dispose() => _tracker.Dispose();

    private static string StepOf(string phase, long steps, int epoch) =>
        $"step {steps} of training '{phase}', epoch {epoch}";
}
