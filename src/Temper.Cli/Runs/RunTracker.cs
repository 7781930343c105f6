using Temper.Cli.Output;
using Temper.Training;
using Temper.Training.Runs;
using Temper.Training.Tracking;

namespace Temper.Cli.Runs;

/// <summary>
/// Records a training while it runs: metrics, TensorBoard event file, log and, on a terminal, the progress bar. Also
/// reserves the run folder, so that only one process at a time runs in it.
/// </summary>
internal sealed class RunTracker : ITrainingCallback, IDisposable
{
    /// <summary>Progress reports per epoch.</summary>
    private const int ReportsAnEpoch = 50;

    private readonly RunFolder _folder;
    private readonly FileStream _reservation;
    private readonly MetricsLog _metrics;
    private readonly TensorBoardWriter _board;

    /// <summary>The last step of the metrics that an earlier process wrote; -1: none.</summary>
    private readonly double _lastStep;

    internal RunTracker(RunFolder folder, TimeProvider time)
    {
        _folder = folder;
        _reservation = folder.Reserve();
        IReadOnlyList<IReadOnlyDictionary<string, double>> earlier =
            File.Exists(folder.MetricsPath) ? MetricsLog.Read(folder.MetricsPath) : [];
        _points = (int)earlier.Select(line => line.GetValueOrDefault("epoch", 0)).DefaultIfEmpty(0).Max();
        _lastStep = earlier.Select(line => line.GetValueOrDefault("step", -1)).DefaultIfEmpty(-1).Max();
        _metrics = folder.OpenMetrics(time);
        _board = new TensorBoardWriter(folder.TensorBoardPath, time);
    }

    internal ProgressDisplay? Display { get; set; }

    /// <summary>Called at the first step of a training; null: nothing is called.</summary>
    internal Action? FirstStep { get; set; }

    /// <summary>
    /// Total steps of the previous trainings, added to the step numbers so that they increase over the whole run.
    /// </summary>
    internal long StepsBefore { get; set; }

    private string _phase = "";
    private int _epochs;
    private long _step;
    private string _validated = "";
    private int _points;

    /// <summary>Begins a training, or the rest of one that was interrupted.</summary>
    /// <param name="phase">
    /// Prefix of metric names, as in <c>sparse/validation/accuracy</c>; empty if the run has only one training.
    /// </param>
    /// <param name="epochs">Number of epochs of the whole training.</param>
    internal void Start(string phase, int epochs) => (_phase, _epochs, _step, _validated) = (phase, epochs, 0, "");

    public void OnStep(StepProgress progress)
    {
        _step = progress.Step;
        FirstStep?.Invoke();
        FirstStep = null;
        if (progress.Batch % Math.Max(1, progress.Batches / ReportsAnEpoch) == 0)
        {
            double done = (progress.Epoch + ((progress.Batch + 1.0) / progress.Batches)) / _epochs;
            Display?.Report(done, $"epoch {progress.Epoch + 1}/{_epochs}, loss {progress.Loss:F3}{_validated}");
        }
    }

    public void OnEpoch(EpochResult epoch)
    {
        KeyValuePair<string, double>[] values =
        [
            new($"{_phase}train/loss", epoch.TrainLoss), new($"{_phase}train/accuracy", epoch.TrainAccuracy),
            new($"{_phase}train/terms", epoch.Regularization),
            new($"{_phase}validation/loss", epoch.ValidationLoss),
            new($"{_phase}validation/accuracy", epoch.ValidationAccuracy),
            new($"{_phase}learning_rate", epoch.LearningRate),
        ];
        long step = StepsBefore + _step;
        _metrics.Write(epoch.Epoch + 1, step, values);
        _metrics.Flush();
        foreach ((string name, double value) in values)
        {
            _board.AddScalar(name, step, (float)value);
        }

        _board.Flush();
        _validated = $", validation {epoch.ValidationAccuracy * 100:F2} %";
        _folder.Log($"{_phase}epoch {epoch.Epoch + 1}/{_epochs}: loss "
            + $"{epoch.TrainLoss:F4}{_validated}{(epoch.IsBest ? ", best so far" : "")}");
        Display?.Report(
            (epoch.Epoch + 1.0) / _epochs, $"epoch {epoch.Epoch + 1}/{_epochs}, loss {epoch.TrainLoss:F3}{_validated}");
    }

    /// <summary>Writes values at a step of a training without epochs.</summary>
    internal void Write(long step, IReadOnlyList<KeyValuePair<string, double>> values)
    {
        // A resumed training repeats the points after its checkpoint; those in the log keep their numbers.
        _points += step > _lastStep ? 1 : 0;
        _metrics.Write(_points, step, values);
        _metrics.Flush();
        foreach ((string name, double value) in values)
        {
            _board.AddScalar(name, step, (float)value);
        }

        _board.Flush();
    }

    /// <summary>
    /// Writes histograms of the final weights. A training that made no step since <see cref="Start"/> was finished
    /// before the run was resumed, and its histograms are in an earlier file.
    /// </summary>
    /// <param name="network">The trained network.</param>
    /// <param name="steps">Number of steps of the whole training.</param>
    internal void AddWeights(Networks.Network network, long steps)
    {
        if (_step == 0)
        {
            return;
        }

        foreach (Networks.Parameter parameter in network.Parameters)
        {
            _board.AddHistogram(
                $"{_phase}weights/{parameter.Name}", StepsBefore + steps, parameter.Value.ToArray<float>());
        }
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _board.Dispose();
        _reservation.Dispose();
    }
}
