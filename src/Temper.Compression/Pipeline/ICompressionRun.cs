using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Environment of a compression: runs its trainings and records its choices, so that it can be resumed.
/// </summary>
public interface ICompressionRun
{
    /// <summary>Trains a network, or returns the saved result of the stage.</summary>
    /// <param name="stage">Name of the stage, unique within the run.</param>
    /// <param name="network">Initial network.</param>
    /// <param name="options">Training options.</param>
    TrainingResult Fit(string stage, Network network, TrainingOptions options);

    /// <summary>
    /// Makes a choice that depends on time or on the machine once, and records it; see <see
    /// cref="Training.Runs.StagedRun.Choose"/>.
    /// </summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="name">Name of the choice.</param>
    /// <param name="choose">Makes the choice.</param>
    string Choose(string stage, string name, Func<string> choose);

    /// <summary>Measures a network on samples. Ranks may share the work, which never changes the result.</summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="samples">Samples that match the network's input.</param>
    /// <param name="cancel">Cancels the evaluation.</param>
    EvaluationResult Evaluate(Network network, Dataset samples, CancellationToken cancel) =>
        Evaluator.Evaluate(network, samples, cancel: cancel);

    /// <summary>Number of training samples per epoch.</summary>
    int TrainCount { get; }

    /// <summary>Returns inputs of training samples, for fits that need no labels.</summary>
    /// <param name="count">Maximum number of samples; 1 or more.</param>
    /// <returns>Inputs <c>[N, ...]</c>; null: no inputs are available, and nothing is fitted.</returns>
    Tensor? TrainingInputs(int count) => null;

    /// <summary>Outputs a line for the user.</summary>
    /// <param name="line">The text.</param>
    void Note(string line);
}
