using Temper.Compression.Activations;
using Temper.Compression.Calibration;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Makes a trained network small and fast within a bound on accuracy: trains it with a regularizer that makes weights
/// or channels unimportant, prunes, fine-tunes with the incoming network as teacher, removes what is dead, and searches
/// for the smallest that holds.
/// </summary>
public static class CompressionPipeline
{
    /// <summary>Compresses a network.</summary>
    /// <param name="network">Trained; not changed.</param>
    /// <param name="validation">Samples that decide; neither trained on nor the ones that judge the result.</param>
    /// <param name="options">How.</param>
    /// <param name="run">Carries out the trainings.</param>
    /// <param name="time">The clock for <see cref="CompressionOptions.MaxTime"/>.</param>
    /// <param name="cancel">Stops between and in trainings.</param>
    /// <returns>The best network, and everything that was tried.</returns>
    /// <exception cref="ArgumentException">
    /// The network has no weights to thin, is at chance, mixes samples, or options do not fit.
    /// </exception>
    public static CompressionResult Run(
        Network network, Dataset validation, CompressionOptions options, ICompressionRun run, TimeProvider time,
        CancellationToken cancel = default)
    {
        options.Validated();
        CompressionChecks.Require(network, validation, options);
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
    /// Compresses a network without training and without labels: weights go, and each layer is fitted again to what it
    /// gave before.
    /// </summary>
    /// <param name="network">Trained; not changed.</param>
    /// <param name="samples">Samples; their labels are not read. The first ones fit the layers, others choose.</param>
    /// <param name="count">Samples that fit the layers; some hundreds do.</param>
    /// <param name="options">
    /// How; <see cref="CompressionOptions.MaxAccuracyDrop"/> bounds the part of the samples that get another answer
    /// than before.
    /// </param>
    /// <param name="run">Remembers choices.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <returns>The best network; accuracies in it are agreement with the network that came in.</returns>
    /// <exception cref="ArgumentException">
    /// There are too few samples, or as in
    /// <see cref="Run(Network, Dataset, CompressionOptions, ICompressionRun, TimeProvider, CancellationToken)"/>.
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
                + $"{2 * count} or more: half fit the layers, half choose); ask for fewer");
        }

        Dataset choosing = AnsweredDataset.Of(network, samples.Subset([.. Enumerable.Range(
            count, Math.Min(samples.Count - count, Math.Max(count, AnsweredDataset.Enough)))]), cancel);
        CompressionChecks.Require(network, choosing, options);
        var search = new CompressionSearch(network, choosing, options, run, budget: null, cancel);
        search.TryCalibrated(samples.Read(0, count).Inputs, "Labels were not read: accuracies of what was tried are "
            + "agreement with the network that came in.");
        return search.History.Result();
    }

    /// <summary>
    /// Compresses a network with nothing but itself: as <see cref="Calibrate"/>, on inputs that are made from the means
    /// and variances which its batch normalizations remember.
    /// </summary>
    /// <param name="network">Trained; not changed.</param>
    /// <param name="options">
    /// How; <see cref="CompressionOptions.MaxAccuracyDrop"/> bounds the part of the made inputs that get another answer
    /// than before.
    /// </param>
    /// <param name="run">Remembers choices.</param>
    /// <param name="cancel">Stops between steps.</param>
    /// <returns>
    /// The best network; accuracies in it are agreement with the network that came in, on made inputs.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The network has other inputs than one of float32, or as in <see cref="Calibrate"/>.
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
            ? "No samples were read: accuracies of what was tried are agreement with the network that came in on "
                + "inputs made from its own statistics. Measure the result on real samples."
            : "No samples were read, and the network has no batch normalization to make any from: accuracies of what "
                + "was tried are agreement on noise, which says little. Measure the result on real samples.");
        return search.History.Result();
    }

    /// <summary>Compresses a network in memory, without a run folder.</summary>
    /// <param name="network">Trained; not changed.</param>
    /// <param name="train">Samples to train on.</param>
    /// <param name="validation">Samples that decide.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops it; nothing is kept.</param>
    /// <inheritdoc cref="Run(Network, Dataset, CompressionOptions, ICompressionRun, TimeProvider, CancellationToken)"/>
    public static CompressionResult Run(
        Network network, Dataset train, Dataset validation, CompressionOptions options,
        CancellationToken cancel = default) =>
        Run(network, validation, options, new RunInMemory(train, validation, cancel), TimeProvider.System, cancel);

    private sealed class RunInMemory(Dataset train, Dataset validation, CancellationToken cancel) : ICompressionRun
    {
        public int TrainCount => train.Count;

        public Tensor? TrainingInputs(int count) => train.Read(0, Math.Min(count, train.Count)).Inputs;

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
