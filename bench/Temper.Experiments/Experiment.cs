using Temper.Compression.DeepHoyer;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Experiments;

/// <summary>
/// One seed of a recipe on one data set. The epoch is selected on held-out samples; the test samples are used only on
/// request.
/// </summary>
internal sealed class Experiment
{
    private const int HeldOut = 5000;

    private readonly Recipe _recipe;
    private readonly DataSets _data;
    private readonly ulong _seed;
    private readonly Dataset _train;
    private readonly Dataset _validation;

    internal Experiment(Recipe recipe, DataSets data, ulong seed)
    {
        (_recipe, _data, _seed) = (recipe, data, seed);
        (_train, _validation) = data.SplitValidation(HeldOut, RandomStream.FromSeed(seed).Split("validation"));
    }

    /// <summary>Trains the dense network.</summary>
    internal TrainingResult Dense() => Fit(Fresh(), _recipe.Options(_seed, _recipe.DenseEpochs, _recipe.Rate));

    /// <summary>Returns the network from which the lean network and its dense baseline start.</summary>
    internal Network Start() => _recipe.DenseEpochs == 0 ? Fresh() : Dense().Network;

    /// <summary>Trains the dense baseline of the lean network: as many epochs from the same start.</summary>
    internal TrainingResult Rival(Network start) =>
        Fit(start, _recipe.Options(_seed + 1, _recipe.SparseEpochs + _recipe.TuneEpochs, _recipe.SparseRate));

    /// <summary>
    /// Trains with the regularizer. The network of the last epoch is to be used, because earlier ones are less sparse.
    /// </summary>
    internal TrainingResult Sparse(Network start, float strength) => Fit(
        start,
        _recipe.Options(_seed + 1, _recipe.SparseEpochs, _recipe.SparseRate) with { Regularizers = Terms(strength) });

    /// <summary>
    /// Prunes, and fine-tunes with frozen zeros; a nonzero <see cref="Recipe.TuneStrength"/> keeps the regularizer,
    /// which can reduce overfitting.
    /// </summary>
    internal TrainingResult Tune(Network sparse, float deviations, float rate) => Fit(
        sparse.Prune(PruningRule.StandardDeviations(deviations)),
        _recipe.Options(_seed + 2, _recipe.TuneEpochs, rate) with { Regularizers = Terms(_recipe.TuneStrength) });

    internal static double Validation(TrainingResult run) => run.History[run.BestEpoch].ValidationAccuracy;

    internal double Test(TrainingResult run) => Evaluator.Evaluate(run.Network, _data.Test).Accuracy;

    private static HoyerSquare[] Terms(float strength) => [new HoyerSquare { Strength = strength }];

    private Network Fresh() =>
        NetworkZoo.Create(_recipe.Network).Initialize(RandomStream.FromSeed(_seed).Split("weights"));

    private TrainingResult Fit(Network network, TrainingOptions options) =>
        Trainer.Fit(network, _train, _validation, options);
}
