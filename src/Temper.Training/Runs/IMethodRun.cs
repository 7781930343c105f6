using Temper.Data;
using Temper.Networks;
using Temper.Training.Evaluation;

namespace Temper.Training.Runs;

/// <summary>
/// Environment of a method that trains in several stages, such as compression, growth or feedback learning: its data,
/// its trainings and its recorded choices. <see cref="MethodRun"/> trains in memory or in a <see cref="StagedRun"/>.
/// </summary>
public interface IMethodRun
{
    /// <summary>Training samples.</summary>
    Dataset Train { get; }

    /// <summary>Held-out samples, on which all decisions are based; never use the test samples.</summary>
    Dataset Validation { get; }

    /// <summary>The clock.</summary>
    TimeProvider Time { get; }

    /// <summary>
    /// Trains a network to completion, resumes its training, or returns the saved result of a finished training.
    /// </summary>
    /// <param name="stage">Name of the training stage, unique within the run.</param>
    /// <param name="network">Initial network.</param>
    /// <param name="options">Training options.</param>
    /// <returns>The networks of the best and the last epoch, and the history of the epochs.</returns>
    /// <exception cref="OperationCanceledException">The training was stopped before its end.</exception>
    TrainingResult Fit(string stage, Network network, TrainingOptions options);

    /// <summary>
    /// Makes a choice that depends on time or on the machine once, and records it. A resumed run gets the recorded
    /// choice.
    /// </summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="name">Name of the choice, unique within the stage.</param>
    /// <param name="choose">Makes the choice.</param>
    /// <returns>The choice as text, such as a number.</returns>
    string Choose(string stage, string name, Func<string> choose);

    /// <summary>Measures a network on samples. Ranks may share the work, which never changes the result.</summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="samples">Samples that match the network's input.</param>
    /// <param name="cancel">Cancels the evaluation.</param>
    /// <returns>Accuracy (0 to 1) and the other measurements on the samples.</returns>
    /// <exception cref="OperationCanceledException">The evaluation was canceled.</exception>
    EvaluationResult Evaluate(Network network, Dataset samples, CancellationToken cancel) =>
        Evaluator.Evaluate(network, samples, cancel: cancel);

    /// <summary>Reports a line of progress; by default it is discarded.</summary>
    /// <param name="line">The text.</param>
    void Note(string line)
    {
    }
}
