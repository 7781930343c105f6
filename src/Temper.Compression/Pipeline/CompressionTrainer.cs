using System.Globalization;
using Temper.Compression.DeepHoyer;
using Temper.Compression.Pruning;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training;
using Temper.Training.Runs;
using Temper.Wording;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Runs the trainings of a compression: with a regularizer before pruning, and fine-tuning after it with the original
/// network as teacher.
/// </summary>
internal sealed class CompressionTrainer(
    Network network, CompressionOptions options, IMethodRun run, CompressionBudget budget,
    CandidateEvaluator evaluator, CancellationToken cancel)
{
    /// <summary>
    /// Weight decay with a scale-invariant regularizer if the optimizer has none, as in the authors' Group-HS training.
    /// Without it, the weights of inputs that are nearly always zero grow without limit, because that lowers the
    /// regularizer and does not change the loss.
    /// </summary>
    private const float DefaultDecay = 1e-4f;

    /// <summary>Names of the weights of ignored layers.</summary>
    private readonly string[] _ignored =
        [.. NetworkPruning.Ignored(network, options.Ignore).Order(StringComparer.Ordinal)];

    /// <summary>Trains the original network with the structure's regularizer; 0 epochs: returns it unchanged.</summary>
    internal Network Regularize(Thinning thinning)
    {
        bool hasRegularizer = Regularizer(thinning, 1) is not null;
        if (budget.RegularizeEpochs == 0 || (hasRegularizer && options.Pressure == 0))
        {
            return network;
        }

        TrainingOptions training = Options(budget.RegularizeEpochs, 0);
        if (hasRegularizer)
        {
            WeightRegularizer regularizer = Regularizer(thinning, StrengthFor(thinning))!;
            training = training with
            {
                Regularizers = [regularizer], Optimizer = WithDecay(regularizer, training.Optimizer),
            };
            run.Note(string.Create(CultureInfo.InvariantCulture, $"regularize: {regularizer.Name}, strength "
                + $"{regularizer.Strength:G3}, weight decay {training.Optimizer.WeightDecay:G3}, "
                + $"{Plural.Of(budget.RegularizeEpochs, "epoch")}"));
        }
        else
        {
            run.Note(
                $"train: {Plural.Of(budget.RegularizeEpochs, "epoch")} without a regularizer, as many as with one");
        }

        // The last epoch, not the most accurate one: sparsity grows until the end.
        return run.Fit($"regularize-{thinning.Name}", network, training).Last;
    }

    /// <summary>Fine-tunes a pruned network and keeps the epoch with the best validation accuracy.</summary>
    /// <param name="name">Name of the trial.</param>
    /// <param name="pruned">Network to fine-tune.</param>
    /// <param name="epochs">Number of epochs; 0: the network is only measured.</param>
    internal (Network Network, double Accuracy) FineTune(string name, Network pruned, int epochs)
    {
        cancel.ThrowIfCancellationRequested();
        if (epochs == 0)
        {
            return (pruned, evaluator.Accuracy(pruned));
        }

        TrainingResult result = run.Fit($"tune-{name}", pruned, Options(epochs, 1));
        return (result.Network, result.History[result.BestEpoch].ValidationAccuracy);
    }

    /// <summary>Fine-tunes for one epoch between two pruning steps of a trial.</summary>
    /// <param name="name">Name of the trial.</param>
    /// <param name="round">Number of pruning steps done so far, from 1 on.</param>
    /// <param name="pruned">Network to fine-tune.</param>
    internal Network FineTuneEpoch(string name, int round, Network pruned)
    {
        TrainingOptions training = Options(1, (ulong)round + 1) with { Schedule = new ConstantSchedule() };
        return run.Fit($"tune-{name}-{round}", pruned, training).Last;
    }

    /// <summary>Returns the structure's regularizer, without ignored layers; null if the method has none.</summary>
    private WeightRegularizer? Regularizer(Thinning thinning, float strength) =>
        thinning.Regularizer(options.Method, strength) is { } regularizer
            ? regularizer with { Ignored = _ignored }
            : null;

    private Optimizer WithDecay(WeightRegularizer regularizer, Optimizer optimizer)
    {
        float byDefault = optimizer.WeightDecay > 0 ? optimizer.WeightDecay : DefaultDecay;
        return regularizer.IsScaleInvariant
            ? optimizer with { WeightDecay = options.HoyerWeightDecay ?? byDefault }
            : optimizer;
    }

    /// <summary>
    /// Returns the strength at which the regularization term equals <see cref="CompressionOptions.Pressure"/>.
    /// </summary>
    private float StrengthFor(Thinning thinning)
    {
        double unit = RegularizerValue.Of(Regularizer(thinning, 1)!, network);
        return unit > 0 ? (float)(options.Pressure / unit) : 0;
    }

    private TrainingOptions Options(int epochs, ulong offset) => StageTraining.Of(options, network, epochs, offset);
}
