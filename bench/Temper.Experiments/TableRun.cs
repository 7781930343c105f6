using Temper.Data;
using Temper.Networks;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>Stores the trainings and choices of a table cell in a folder, so that the cell can be resumed.</summary>
/// <param name="folder">Run folder of the cell.</param>
/// <param name="train">Training samples.</param>
/// <param name="validation">Held-out samples on which epochs and networks are selected.</param>
/// <param name="naming">
/// Maps a stage to its name in the folder, which several searches may share; null: names are not changed.
/// </param>
internal sealed class TableRun(RunFolder folder, Dataset train, Dataset validation, Func<string, string>? naming = null)
    : IMethodRun
{
    private readonly MethodRun _run = new((train, validation), new StagedRun(folder, TimeProvider.System));

    public Dataset Train => train;

    public Dataset Validation => validation;

    public TimeProvider Time => _run.Time;

    /// <summary>Returns a run of another search in the same folder, whose stage names get a prefix.</summary>
    internal TableRun Named(string prefix) => new(folder, train, validation, stage => prefix + stage);

    public TrainingResult Fit(string stage, Network network, TrainingOptions options) =>
        _run.Fit(Name(stage), network, options);

    public string Choose(string stage, string name, Func<string> choose) => _run.Choose(Name(stage), name, choose);

    public void Note(string line) => Console.Error.WriteLine(Name(line));

    private string Name(string stage) => naming?.Invoke(stage) ?? stage;
}
