using Temper.Cli.Output;
using Temper.Training;
using Temper.Training.Runs;
using Temper.Training.Tracking;

namespace Temper.Cli.Runs;

/// <summary>
/// Records a training while it runs: metrics, TensorBoard event file, log and, on a terminal, the progress bar.
/// </summary>
internal sealed class RunTracker : ITrainingCallback, IDisposable
{
    /// <summary>Progress reports per epoch.</summary>
    private const int ReportsAnEpoch = 50;

    private readonly RunFolder _folder;
    private readonly MetricsLog _metrics;
    private readonly TensorBoardWriter _board;

    internal RunTracker(RunFolder folder, TimeProvider time)
    {
        _folder = folder;
        _metrics = folder.OpenMetrics(time);
        _board = new TensorBoardWriter(folder.TensorBoardPath, time);
    }

    internal ProgressDisplay? Display { get; set; }

    /// <summary>
    /// Prefix of metric names, as in <c>sparse/validation/accuracy</c>; empty if the run has only one training.
    /// </summary>
    internal string Phase { get; set; } = "";

    internal int Epochs { get; set; }

    /// <summary>
    /// Total steps of the previous trainings, added to the step numbers so that they increase over the whole run.
    /// </summary>
    internal long StepsBefore { get; set; }

    private long _step;
    private string _validated = "";
    private int _points;

    public void OnStep(StepProgress progress)
    {
        _step = progress.Step;
        if (progress.Batch % Math.Max(1, progress.Batches / ReportsAnEpoch) == 0)
        {
            double done = (progress.Epoch + ((progress.Batch + 1.0) / progress.Batches)) / Epochs;
            Display?.Report(done, $"epoch {progress.Epoch + 1}/{Epochs}, loss {progress.Loss:F3}{_validated}");
        }
    }

    public void OnEpoch(EpochResult epoch)
    {
        KeyValuePair<string, double>[] values =
        [
            new($"{Phase}train/loss", epoch.TrainLoss), new($"{Phase}train/accuracy", epoch.TrainAccuracy),
            new($"{Phase}train/terms", epoch.Regularization),
            new($"{Phase}validation/loss", epoch.ValidationLoss),
            new($"{Phase}validation/accuracy", epoch.ValidationAccuracy),
            new($"{Phase}learning_rate", epoch.LearningRate),
        ];
        long step = StepsBefore + _step;
        _metrics.Write(epoch.Epoch + 1, step, values);
        foreach ((string name, double value) in values)
        {
            _board.AddScalar(name, step, (float)value);
        }

        _board.Flush();
        _validated = $", validation {epoch.ValidationAccuracy * 100:F2} %";
        _folder.Log($"{Phase}epoch {epoch.Epoch + 1}/{Epochs}: loss "
            + $"{epoch.TrainLoss:F4}{_validated}{(epoch.IsBest ? ", best so far" : "")}");
        Display?.Report(
            (epoch.Epoch + 1.0) / Epochs, $"epoch {epoch.Epoch + 1}/{Epochs}, loss {epoch.TrainLoss:F3}{_validated}");
    }

    /// <summary>Writes values at a step of a training without epochs.</summary>
    internal void Write(long step, IReadOnlyList<KeyValuePair<string, double>> values)
    {
        _points++;
        _metrics.Write(_points, step, values);
        foreach ((string name, double value) in values)
        {
            _board.AddScalar(name, step, (float)value);
        }

        _board.Flush();
    }

    /// <summary>Writes histograms of the final weights.</summary>
    internal void AddWeights(Networks.Network network)
    {
        foreach (Networks.Parameter parameter in network.Parameters)
        {
            _board.AddHistogram(
                $"{Phase}weights/{parameter.Name}", StepsBefore + _step, parameter.Value.ToArray<float>());
        }
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _board.Dispose();
    }
}
