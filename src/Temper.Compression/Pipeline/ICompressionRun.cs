using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Compression.Pipeline;

/// <summary>What carries out the trainings of a compression and remembers its choices, so that it can resume.</summary>
public interface ICompressionRun
{
    /// <summary>Trains a network, or gives what the same stage gave before.</summary>
    /// <param name="stage">Name, unique in the run.</param>
    /// <param name="network">Where it begins.</param>
    /// <param name="options">How.</param>
    TrainingResult Fit(string stage, Network network, TrainingOptions options);

    /// <summary>
    /// Makes a choice that depends on time or on the machine, once; see <see cref="Training.Runs.StagedRun.Choose"/>.
    /// </summary>
    /// <param name="stage">Where in the run.</param>
    /// <param name="name">What is chosen.</param>
    /// <param name="choose">Makes the choice.</param>
    string Choose(string stage, string name, Func<string> choose);

    /// <summary>Measures a network on samples; ranks may share them, which never changes the result.</summary>
    /// <param name="network">Not changed.</param>
    /// <param name="samples">Samples that fit the network's input.</param>
    /// <param name="cancel">Stops it.</param>
    EvaluationResult Evaluate(Network network, Dataset samples, CancellationToken cancel) =>
        Evaluator.Evaluate(network, samples, cancel: cancel);

    /// <summary>Training samples of an epoch.</summary>
    int TrainCount { get; }

    /// <summary>Inputs of some training samples, for fits that read no labels.</summary>
    /// <param name="count">How many at most, one or more.</param>
    /// <returns><c>[N, ...]</c>; null: there are none, and nothing is fitted.</returns>
    Tensor? TrainingInputs(int count) => null;

    /// <summary>A line for people.</summary>
    /// <param name="line">The line.</param>
    void Note(string line);
}
