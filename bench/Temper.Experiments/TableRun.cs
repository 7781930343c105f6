using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Experiments;

/// <summary>Trainings and choices of a table's cell, kept in a folder, so that the cell resumes.</summary>
/// <param name="folder">Where.</param>
/// <param name="train">Samples to train on.</param>
/// <param name="validation">Samples that choose the epoch.</param>
/// <param name="naming">Gives a stage its name in the folder: several searches in one folder have several namings. Null: as it is.</param>
internal sealed class TableRun(RunFolder folder, Dataset train, Dataset validation, Func<string, string>? naming = null) : ICompressionRun
{
    private readonly StagedRun _run = new(folder, TimeProvider.System);

    public int TrainCount => train.Count;

    public Tensor? TrainingInputs(int count) => train.Read(0, Math.Min(count, train.Count)).Inputs;

    /// <summary>The same folder for another search, whose stages all begin with a name.</summary>
    internal TableRun Named(string prefix) => new(folder, train, validation, stage => prefix + stage);

    public TrainingResult Fit(string stage, Network network, TrainingOptions options) => _run.Fit(Name(stage), network, (train, validation), options);

    public string Choose(string stage, string name, Func<string> choose) => _run.Choose(Name(stage), name, choose);

    public void Note(string line) => Console.Error.WriteLine(Name(line));

    private string Name(string stage) => naming?.Invoke(stage) ?? stage;
}
