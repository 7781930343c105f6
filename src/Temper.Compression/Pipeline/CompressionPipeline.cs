using Temper.Compression.Activations;
using Temper.Compression.Calibration;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Makes a trained network smaller and faster within a bound on accuracy. Trains with a regularizer that drives weights
/// or channels toward zero, prunes, fine-tunes with the original network as teacher, removes channels without effect,
/// and searches for the smallest network within the bound.
/// </summary>
public static class CompressionPipeline
{
    /// <summary>Compresses a network.</summary>
    /// <param name="network">The trained network; not changed.</param>
    /// <param name="validation">
    /// Samples used to choose between networks; neither training samples nor the samples for the final measurement.
    /// </param>
    /// <param name="options">Options of compression.</param>
    /// <param name="run">Runs the trainings.</param>
    /// <param name="time">Clock for <see cref="CompressionOptions.MaxTime"/>.</param>
    /// <param name="cancel">Cancels during and between trainings.</param>
    /// <returns>The best network, and all trials.</returns>
    /// <exception cref="ArgumentException">
    /// The network has no weights to prune, its accuracy is at chance level, it mixes the samples of a batch, or the
    /// options are invalid.
    /// </exception>
    public static CompressionResult Run(
        Network network, Dataset validation, CompressionOptions options, ICompressionRun run, TimeProvider time,
        CancellationToken cancel = default)
    {
        Require(network, validation, options);
        var search = new CompressionSearch(
            network, validation, options, run, new CompressionBudget(network, options, run, time), cancel);
        foreach (Thinning thinning in Thinning.For(options.Structure))
        {
            search.Try(thinning);
        }

        if (options.Activations != CompressionActivations.None)
        {
            new ActivationSearch(search, options, validation, cancel).Try();
        }

        return search.History.Result() with { LaterEpochs = search.Budget.LaterEpochs() };
    }

    /// <summary>
    /// Throws if a compression could not start; call it before other work, such as training the network.
    /// </summary>
    /// <param name="network">The network; it need not be trained yet.</param>
    /// <param name="validation">Samples used to choose between networks.</param>
    /// <param name="options">Options of compression.</param>
    /// <exception cref="ArgumentException">
    /// The network has no weights to prune or is not finite, the samples have no classes, or the options are invalid.
    /// </exception>
    public static void Require(Network network, Dataset validation, CompressionOptions options) =>
        CompressionChecks.Require(network, validation, options.Validated());

    /// <summary>
    /// Compresses a network without training and without labels: weights are pruned, and each layer is refitted to its
    /// previous output.
    /// </summary>
    /// <param name="network">The trained network; not changed.</param>
    /// <param name="samples">
    /// Samples; their labels are not read. Some are used to fit the layers, others to choose between networks.
    /// </param>
    /// <param name="count">Number of samples used to fit the layers; some hundreds suffice.</param>
    /// <param name="options">
    /// Options of compression. <see cref="CompressionOptions.MaxAccuracyDrop"/> limits the percentage of samples whose
    /// predicted class differs from that of the original network.
    /// </param>
    /// <param name="run">Records choices.</param>
    /// <param name="cancel">Cancels between layers.</param>
    /// <returns>The best network. Accuracies in the result are the agreement with the original network.</returns>
    /// <exception cref="ArgumentException">
    /// There are too few samples, or one of the conditions of <see cref="Run(Network, Dataset, CompressionOptions,
    /// ICompressionRun, TimeProvider, CancellationToken)"/> is violated.
    /// </exception>
    public static CompressionResult Calibrate(
        Network network, Dataset samples, int count, CompressionOptions options, ICompressionRun run,
        CancellationToken cancel = default)
    {
        options.Validated();
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        CompressionChecks.RequireUntrained(options);
        if (samples.Count < 2 * count)
        {
            throw new ArgumentException($"compress: too few samples to calibrate (got {samples.Count}, expected "
                + $"{2 * count} or more: half to fit the layers, half to choose); calibrate on fewer samples");
        }

        (Dataset fitting, Dataset others) = CalibrationSplit.Of(samples, count);
        Dataset choosing = AnsweredDataset.Of(network, others, cancel);
        CompressionChecks.Require(network, choosing, options);
        var search = new CompressionSearch(network, choosing, options, run, budget: null, cancel);
        search.TryCalibrated(fitting.Read(0, count).Inputs, "Labels were not read: the accuracies of the trials are "
            + "the agreement with the original network.");
        return search.History.Result();
    }

    /// <summary>
    /// Compresses a network without any data: like <see cref="Calibrate"/>, on inputs synthesized from the running
    /// means and variances of its batch normalizations.
    /// </summary>
    /// <param name="network">The trained network; not changed.</param>
    /// <param name="options">
    /// Options of compression. <see cref="CompressionOptions.MaxAccuracyDrop"/> limits the percentage of synthesized
    /// inputs whose predicted class differs from that of the original network.
    /// </param>
    /// <param name="run">Records choices.</param>
    /// <param name="cancel">Cancels between steps.</param>
    /// <returns>
    /// The best network. Accuracies in the result are the agreement with the original network on synthesized inputs.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The network does not have exactly one float32 input, or one of the conditions of <see cref="Calibrate"/> is
    /// violated.
    /// </exception>
    public static CompressionResult WithoutData(
        Network network, CompressionOptions options, ICompressionRun run, CancellationToken cancel = default)
    {
        const int Fitting = 64, Choosing = 64;
        options.Validated();
        CompressionChecks.RequireUntrained(options);
        network.Batch.RequireFree("compress");
        (Tensor inputs, bool hasStatistics) = SyntheticInputs.Make(
            network, Fitting + Choosing, Randomness.RandomStream.FromSeed(options.Seed).Split("inputs"), cancel);
        var made = new TensorDataset(
            "inputs made from the network", inputs.Slice(0, Fitting, Fitting + Choosing),
            Tensor.From(new long[Choosing], [Choosing]));
        AnsweredDataset choosing = AnsweredDataset.Of(network, made, cancel);
        CompressionChecks.Require(network, choosing, options);
        var search = new CompressionSearch(network, choosing, options, run, budget: null, cancel);
        search.TryCalibrated(inputs.Slice(0, 0, Fitting), hasStatistics
            ? "No samples were read: the accuracies of the trials are the agreement with the original network on "
                + "inputs synthesized from its batch statistics. Measure the result on real samples."
            : "No samples were read, and the network has no batch statistics to synthesize inputs from: the accuracies "
                + "of the trials are agreement on noise, which says little. Measure the result on real samples.");
        return search.History.Result();
    }

    /// <summary>Compresses a network in memory, without a run folder.</summary>
    /// <param name="network">The trained network; not changed.</param>
    /// <param name="train">Training samples.</param>
    /// <param name="validation">Samples used to choose between networks.</param>
    /// <param name="options">Options of compression.</param>
    /// <param name="cancel">Cancels the compression; nothing is saved.</param>
    /// <inheritdoc cref="Run(Network, Dataset, CompressionOptions, ICompressionRun, TimeProvider, CancellationToken)"/>
    public static CompressionResult Run(
        Network network, Dataset train, Dataset validation, CompressionOptions options,
        CancellationToken cancel = default) =>
        Run(network, validation, options, new RunInMemory(train, validation, cancel), TimeProvider.System, cancel);

    private sealed class RunInMemory(Dataset train, Dataset validation, CancellationToken cancel) : ICompressionRun
    {
        public int TrainCount => train.Count;

        public Tensor? TrainingInputs(int count) => CalibrationSplit.Inputs(train, count);

        public TrainingResult Fit(string stage, Network network, TrainingOptions options)
        {
            TrainingResult result = Trainer.Fit(network, train, validation, options, cancel);
            cancel.ThrowIfCancellationRequested();
            return result;
        }

        public string Choose(string stage, string name, Func<string> choose) => choose();

        public void Note(string line)
        {
        }
    }
}
