using Temper.Compression.Activations;
using Temper.Compression.Calibration;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Runs;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Makes a trained network smaller and faster within a bound on accuracy. Trains with a regularizer that drives weights
/// or channels toward zero, prunes, fine-tunes with the original network as teacher, removes channels without effect,
/// and searches for the smallest network within the bound.
/// </summary>
public static class CompressionPipeline
{
    /// <summary>Compresses a network in memory, without a run folder.</summary>
    /// <param name="network">The trained network; not changed.</param>
    /// <param name="train">Training samples.</param>
    /// <param name="validation">Samples used to choose between networks.</param>
    /// <param name="options">Options of compression.</param>
    /// <param name="cancel">Cancels the compression; nothing is saved.</param>
    /// <inheritdoc cref="Run(Network, CompressionOptions, IMethodRun, CancellationToken)"/>
    public static CompressionResult Run(
        Network network, Dataset train, Dataset validation, CompressionOptions options,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(validation);
        return Run(network, options, new MethodRun((train, validation), cancel: cancel), cancel);
    }

    /// <summary>Compresses a network.</summary>
    /// <param name="network">The trained network; not changed.</param>
    /// <param name="options">Options of compression.</param>
    /// <param name="run">
    /// Provides the data and runs the trainings. Its validation samples are used to choose between networks; they must
    /// be neither training samples nor the samples for the final measurement. Its clock is that of <see
    /// cref="CompressionOptions.MaxTime"/>.
    /// </param>
    /// <param name="cancel">Cancels during and between trainings.</param>
    /// <returns>The best network, and all trials.</returns>
    /// <exception cref="ArgumentException">
    /// The network has no weights to prune, is not a classifier with one input and one output, has an accuracy at
    /// chance level or mixes the samples of a batch, or the options are invalid.
    /// </exception>
    /// <exception cref="OperationCanceledException">The compression was canceled.</exception>
    public static CompressionResult Run(
        Network network, CompressionOptions options, IMethodRun run, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        Dataset validation = run.Validation;
        Require(network, validation, options);
        var search = new CompressionSearch(
            network, validation, options, run, new CompressionBudget(network, options, run, run.Time), cancel);
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
    /// The network has no weights to prune, is not a classifier with one input and one output, or is not finite; there
    /// are no samples, or they have no classes; or the options are invalid.
    /// </exception>
    public static void Require(Network network, Dataset validation, CompressionOptions options)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(validation);
        ArgumentNullException.ThrowIfNull(options);
        CompressionChecks.Require(network, validation, options.Validated());
    }

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
    /// <param name="run">Records choices and measures networks; its data sets are not read.</param>
    /// <param name="cancel">Cancels between layers.</param>
    /// <returns>The best network. Accuracies in the result are the agreement with the original network.</returns>
    /// <exception cref="ArgumentException">
    /// There are too few samples, or one of the conditions of <see cref="Run(Network, CompressionOptions, IMethodRun,
    /// CancellationToken)"/> is violated.
    /// </exception>
    /// <exception cref="OperationCanceledException">The compression was canceled.</exception>
    public static CompressionResult Calibrate(
        Network network, Dataset samples, int count, CompressionOptions options, IMethodRun run,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(run);
        options.Validated();
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        CompressionChecks.RequireUntrained(options);
        CompressionChecks.Require(network, options);
        CompressionChecks.RequireToCalibrate(samples, count);
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
    /// <param name="run">Records choices and measures networks; its data sets are not read.</param>
    /// <param name="cancel">Cancels between steps.</param>
    /// <returns>
    /// The best network. Accuracies in the result are the agreement with the original network on synthesized inputs.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The network does not have exactly one float32 input, gives one class to all synthesized inputs, or one of the
    /// conditions of <see cref="Calibrate"/> is violated.
    /// </exception>
    /// <exception cref="OperationCanceledException">The compression was canceled.</exception>
    public static CompressionResult RunDataFree(
        Network network, CompressionOptions options, IMethodRun run, CancellationToken cancel = default)
    {
        const int Fitting = 64, Choosing = 64;
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(run);
        options.Validated();
        CompressionChecks.RequireUntrained(options);
        CompressionChecks.Require(network, options);
        (Tensor inputs, bool hasStatistics) = SyntheticInputs.Make(
            network, Fitting + Choosing, RandomStream.FromSeed(options.Seed).Split("inputs"), cancel);
        var made = new TensorDataset(
            "inputs made from the network", inputs.Slice(0, Fitting, Fitting + Choosing),
            Tensor.From(new long[Choosing], [Choosing]));
        AnsweredDataset choosing = AnsweredDataset.Of(network, made, cancel);
        CompressionChecks.Require(network, choosing, options);
        RequireDifferentAnswers(choosing);
        var search = new CompressionSearch(network, choosing, options, run, budget: null, cancel);
        search.TryCalibrated(inputs.Slice(0, 0, Fitting), hasStatistics
            ? "No samples were read: the accuracies of the trials are the agreement with the original network on "
                + "inputs synthesized from its batch statistics. Measure the result on real samples."
            : "No samples were read, and the network has no batch statistics to synthesize inputs from: the accuracies "
                + "of the trials are agreement on noise, which says little. Measure the result on real samples.");
        return search.History.Result();
    }

    /// <summary>
    /// Throws if the network gives one class to all inputs: a network without any weights would agree with it.
    /// </summary>
    private static void RequireDifferentAnswers(AnsweredDataset made)
    {
        long answer = made.Label(0);
        if (Enumerable.Range(1, made.Count - 1).All(i => made.Label(i) == answer))
        {
            throw new ArgumentException($"compress: without data, the network gives class {answer} to all {made.Count} "
                + "inputs, which says nothing about a smaller network (networks without batch normalization get "
                + "noise as inputs); calibrate on samples instead");
        }
    }
}
