using Temper.Data;
using Temper.Networks;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>Runs the stages of a method inside a run folder, with progress output and checkpoints.</summary>
internal class SessionMethodRun(RunSession session) : IMethodRun
{
    public Dataset Train => Session.Train!;

    public Dataset Validation => Session.Validation!;

    public TimeProvider Time => Session.Time;

    protected RunSession Session { get; } = session;

    public virtual TrainingResult Fit(string stage, Network network, TrainingOptions options) =>
        Session.Fit(stage, network, options);

    public virtual string Choose(string stage, string name, Func<string> choose) => Session.Choose(stage, name, choose);

    public EvaluationResult Evaluate(Network network, Dataset samples, CancellationToken cancel) =>
        Session.Evaluate(network, samples);

    public void Note(string line) => Session.Note(line);
}
