using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>
/// The building blocks of training: holds a trainable copy of a network, computes gradients of any loss, and applies
/// them. A method that needs its own training loop (reinforcement learning, growth, private training) writes the loop
/// and uses this class for everything else. <see cref="Trainer"/> adds epochs, data loading and evaluation.
/// </summary>
/// <remarks>
/// The input network never changes; frozen parameters are shared with it. Not thread-safe. The same calls give
/// bit-identical results for any number of worker threads.
/// </remarks>
/// <example><code>
/// using var learner = new Learner(network, new LearnerOptions { Optimizer = new Sgd { LearningRate = 0.1f } });
/// using (Gradients g = learner.Gradients((net, pass) => net.Forward(x, pass).CrossEntropy(y)))
/// {
///     learner.Apply(g);
/// }
/// </code></example>
public sealed partial class Learner : IDisposable
{
    private readonly LearnerOptions _options;
    private readonly RandomStream _dropout;
    private TrainedParameters _trained;
    private bool _isDisposed;

    /// <summary>Creates a learner that trains a copy of a network.</summary>
    /// <param name="network">Initial network, with initialized parameters.</param>
    /// <param name="options">Optimizer, regularizers and other options of a step.</param>
    /// <exception cref="ArgumentException">There is no parameter to train, or an option is out of range.</exception>
    public Learner(Network network, LearnerOptions options)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_options, _dropout) = (options, RandomStream.FromSeed(options.Seed).Split("dropout"));
        Network = network.CopyOf(parameter => TrainedParameters.IsTrained(parameter, options));
        _trained = new TrainedParameters(Network, options, parameter =>
            (options.Optimizer.CreateState(parameter.Value.Count), NewAverage(parameter)));
    }

    private Learner(
        Network network, LearnerOptions options, Func<Parameter, (OptimizerState State, float[]? Average)> remembered)
    {
        (_options, _dropout) = (options, RandomStream.FromSeed(options.Seed).Split("dropout"));
        Network = network.CopyOf(parameter => TrainedParameters.IsTrained(parameter, options));
        _trained = new TrainedParameters(Network, options, remembered);
    }

    /// <summary>
    /// The current network. Its values change with each step; <see cref="Snapshot"/> returns a copy that does not
    /// change.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The learner was disposed.</exception>
    public Network Network { get => Live(field); private set; }

    /// <summary>Number of steps applied.</summary>
    /// <exception cref="ObjectDisposedException">The learner was disposed.</exception>
    public long Steps { get => Live(field); private set; }

    /// <summary>Options of the learner.</summary>
    /// <exception cref="ObjectDisposedException">The learner was disposed.</exception>
    public LearnerOptions Options => Live(_options);

    /// <summary>Number of gradients computed; selects the random stream of dropout.</summary>
    internal long GradientCount { get; private set; }

    internal TrainedParameters Trained => _trained;

    /// <summary>Divides the steps among ranks; null: this learner steps all parameters.</summary>
    internal IStepShards? Shards { get; set; }

    /// <summary>Returns an immutable copy of the current network; frozen parameters are shared.</summary>
    public Network Snapshot() => Network.CopyOf(parameter => _trained.Find(parameter.Name) is not null);

    /// <summary>
    /// Returns an immutable copy of the network with averaged weights; equal to <see cref="Snapshot"/> if no average is
    /// configured.
    /// </summary>
    public Network AverageSnapshot() => _options.Average is null
        ? Snapshot()
        : Snapshot().WithParameters(_trained.All.Select(trained => trained.Parameter with
        {
            Value = Tensor.From(trained.Average!, trained.Parameter.Value.Shape),
        }));

    /// <summary>Computes the gradients of a loss with respect to all trained parameters.</summary>
    /// <param name="loss">
    /// Computes a scalar from the network and a training pass. Use <see cref="Pass.Tap"/> to read values inside the
    /// network. All operations are recorded; run attacks and teachers under <see cref="GradientTape.Suspend"/>.
    /// </param>
    /// <param name="request">Options of this computation; null: defaults.</param>
    /// <returns>The gradients; dispose them after use.</returns>
    /// <exception cref="ShapeMismatchException">
    /// The loss is not a scalar, or not of shape <c>[N]</c> if samples are weighted.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The loss depends on no trained parameter, or a per-sample gradient cannot be computed because samples are mixed.
    /// </exception>
    /// <exception cref="ArgumentNullException">The loss is null, or returns null.</exception>
    public Gradients Gradients(Func<Network, Pass, Tensor> loss, GradientRequest? request = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentNullException.ThrowIfNull(loss);
        var gradients = new Gradients(_trained);
        try
        {
            using var tape = new GradientTape();
            foreach (Tensor source in _trained.Sources)
            {
                tape.Watch(source);
            }

            var pass = Pass.Training(request?.Stream ?? _dropout.Split(GradientCount));
            Tensor value = loss(Network, request?.Statistics is { } reducer ? pass.Synchronize(reducer) : pass)
                ?? throw new ArgumentNullException(
                    nameof(loss), "Learner.Gradients: the loss returned null (expected a scalar tensor)");
            Tensor cotangent = request?.SampleWeights is { } weigh ? Weights(tape, value, weigh) : Scalar(value);
            gradients.Loss = Weighted(value, cotangent);
            Fill(gradients, tape, (value, cotangent), request?.Ready);
            gradients.Add(pass.Statistics);
            GradientCount++;
            return gradients;
        }
        catch
        {
            gradients.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Replaces the network that is trained. Optimizer state, averages and masks follow their parameters: by the moves
    /// of the edit, otherwise by name and shape. The optimizer state of new elements starts at zero, their average at
    /// their value.
    /// </summary>
    /// <param name="edit">Returns the changed network, given the current one.</param>
    /// <exception cref="ArgumentException">
    /// The moves do not match the network, or the edited network has no trainable parameter. The learner has not
    /// changed.
    /// </exception>
    public void Edit(Func<Network, NetworkEdit> edit)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentNullException.ThrowIfNull(edit);
        NetworkEdit edited = edit(Network);
        edited.Check(Network);
        Network own = LearnerEdit.Owned(edited.Network, Network, _options);
        (_trained, Network) = (new TrainedParameters(own, _options, parameter =>
            LearnerEdit.Remembered(edited with { Network = own }, parameter, this)), own);
    }

    /// <summary>
    /// Ends the use of this learner: every other member then throws <see cref="ObjectDisposedException"/>. Networks
    /// that it returned remain valid.
    /// </summary>
    public void Dispose() => _isDisposed = true;

    /// <summary>
    /// Returns an exception if a value of the network is infinite or NaN, otherwise null. The loss does not always show
    /// this, because a ReLU can hide it.
    /// </summary>
    internal TrainingDivergedException? Divergence()
    {
        IEnumerable<KeyValuePair<string, Tensor>> tensors =
            Network.Parameters.Select(p => KeyValuePair.Create(p.Name, p.Value))
            .Concat(Network.Buffers.Where(b => b.Value.DType == DType.Float32));
        foreach ((string name, Tensor value) in tensors)
        {
            if (!double.IsFinite(GradientClipping.SumOfSquares(value.Physical())))
            {
                return TrainingDivergedException.OfTensor(Steps, name, _options.Optimizer.LearningRate);
            }
        }

        return null;
    }

    private T Live<T>(T value)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return value;
    }

    internal float[]? NewAverage(Parameter parameter) =>
        _options.Average is null ? null : parameter.Value.ToArray<float>();

    private static Tensor Scalar(Tensor loss) => loss.Count == 1
        ? Tensor.Ones(loss.Shape)
        : throw new ShapeMismatchException(
            "Learner.Gradients", loss.Shape, "a scalar loss; reduce it with Mean() or Sum()");

    /// <summary>
    /// Computes the sample weights, <c>[N]</c>, from a first backward pass that finds the norms of the per-sample
    /// gradients.
    /// </summary>
    private Tensor Weights(GradientTape tape, Tensor losses, SampleWeights weigh)
    {
        if (losses.Rank != 1)
        {
            throw new ShapeMismatchException(
                "Learner.Gradients", losses.Shape, "[N], one loss per sample, where samples are weighted");
        }

        float[] weights = new float[losses.Count];
        weigh(tape.SampleNorms(losses, _trained.Sources), weights);
        return Tensor.From(weights, losses.Shape);
    }

    private static float Weighted(Tensor loss, Tensor cotangent)
    {
        double sum = 0;
        ReadOnlySpan<float> values = loss.Physical(), weights = cotangent.Physical();
        for (int i = 0; i < values.Length; i++)
        {
            sum += (double)values[i] * weights[i];
        }

        return (float)sum;
    }

    /// <summary>Runs one backward pass and takes ownership of each gradient as soon as it is final.</summary>
    private void Fill(
        Gradients gradients, GradientTape tape, (Tensor Value, Tensor Cotangent) loss, GradientReady? ready)
    {
        tape.Gradient([loss], _trained.Sources, (i, gradient) =>
        {
            gradients.Take(i, gradient);
            ready?.Invoke(_trained.Names[i], gradients[i]);
        });
    }
}

/// <summary>Regularization value and learning rate of one step of a <see cref="Learner"/>.</summary>
/// <param name="Regularization">Sum of the regularizers' values.</param>
/// <param name="LearningRate">The optimizer's learning rate times the schedule's factor.</param>
public readonly record struct LearnerStep(double Regularization, float LearningRate);
