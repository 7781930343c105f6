using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Checkpoints;

namespace Temper.Training;

/// <summary>
/// Training as pieces: it owns a copy of what trains, gives gradients of any loss, and applies them. A method that
/// needs a training loop of its own (reinforcement learning, growing, private training) writes the loop and leaves the
/// rest to this class; <see cref="Trainer"/> is epochs, data and evaluation on top of it.
/// </summary>
/// <remarks>
/// The network that came in never changes; frozen parameters are shared with it. Belongs to one thread at a time. Same
/// calls, same bytes, for any number of threads of the kernels.
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

    /// <summary>Begins training with a copy of a network.</summary>
    /// <param name="network">Where to begin; initialized.</param>
    /// <param name="options">How gradients become steps.</param>
    /// <exception cref="ArgumentException">Nothing can be trained, or an option is out of its range.</exception>
    public Learner(Network network, LearnerOptions options)
    {
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
    /// The network as it is now: its numbers change with each step. <see cref="Snapshot"/> gives one that stays.
    /// </summary>
    public Network Network { get; private set; }

    /// <summary>Steps that were applied.</summary>
    public long Steps { get; private set; }

    /// <summary>How gradients become steps.</summary>
    public LearnerOptions Options => _options;

    /// <summary>Gradients that were computed; numbers the streams of dropout.</summary>
    internal long GradientCount { get; private set; }

    internal TrainedParameters Trained => _trained;

    /// <summary>Who steps which parameters; null: this learner steps all.</summary>
    internal IStepShards? Shards { get; set; }

    /// <summary>The network as it is now, as a value; frozen parameters are shared.</summary>
    public Network Snapshot() => Network.CopyOf(parameter => _trained.Find(parameter.Name) is not null);

    /// <summary>
    /// The network with averaged weights, as a value; the same as <see cref="Snapshot"/> without an average.
    /// </summary>
    public Network AverageSnapshot() =>
        _options.Average is null ? Snapshot() : Snapshot().WithParameters(_trained.All.Select(
        trained => trained.Parameter with { Value = Tensor.From(trained.Average!, trained.Parameter.Value.Shape) }));

    /// <summary>The gradients of a loss by everything that trains.</summary>
    /// <param name="loss">
    /// Computes a scalar from the network. It is given a training pass; values inside the network are read through
    /// <see cref="Pass.Tap"/>. What it computes is recorded; attacks and teachers inside run under
    /// <see cref="GradientTape.Suspend"/>.
    /// </param>
    /// <param name="request">What is special about this gradient; null: nothing.</param>
    /// <returns>To be disposed.</returns>
    /// <exception cref="ShapeMismatchException">
    /// The loss is not a scalar, or not <c>[N]</c> where samples are weighted.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The loss depends on no trained parameter, or a weighted sample has no gradient of its own.
    /// </exception>
    public Gradients Gradients(Func<Network, Pass, Tensor> loss, GradientRequest? request = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var gradients = new Gradients(_trained);
        try
        {
            using var tape = new GradientTape();
            foreach (Tensor source in _trained.Sources)
            {
                tape.Watch(source);
            }

            var pass = Pass.Training(request?.Stream ?? _dropout.Split(GradientCount));
            Tensor value = loss(Network, request?.Statistics is { } reducer ? pass.Synchronize(reducer) : pass);
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
    /// One step: regularizers, clipping, optimizer, masks, weight average and batch statistics, in this order.
    /// </summary>
    /// <param name="gradients">Of this learner; regularizers are added to them in place.</param>
    /// <param name="rateFactor">Times the optimizer's learning rate: a schedule.</param>
    /// <returns>What the step was.</returns>
    /// <exception cref="ArgumentException">
    /// The gradients are of the network before an edit, or of another learner.
    /// </exception>
    /// <exception cref="TrainingDivergedException">
    /// The loss or a regularizer is not finite. The network has not changed.
    /// </exception>
    public LearnerStep Apply(Gradients gradients, float rateFactor = 1)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (gradients.Trained != _trained)
        {
            throw new ArgumentException("Learner.Apply: the gradients are of another learner, or of the network before "
                + "an edit; compute them again", nameof(gradients));
        }

        float rate = _options.Optimizer.LearningRate * rateFactor;
        RequireFinite(gradients.Loss, rate);
        double regularization = Regularize(gradients, out double squares);
        RequireFinite(regularization, rate);
        float clip = _options.Clipping?.ScaleFor(squares) ?? 1;
        for (int i = 0; i < _trained.Count; i++)
        {
            if (Shards?.Owns(i) ?? true)
            {
                Step(_trained.All[i], gradients[i], rateFactor, clip);
            }
        }

        Shards?.Share(_trained);
        UpdateAverages();

        BatchStatisticsUpdate.Move(Network, gradients.Statistics);
        Steps++;
        return new LearnerStep(regularization, rate);
    }

    /// <summary>
    /// Changes the network that trains. Optimizer state, averages and masks follow their parameters: by the edit's
    /// moves, otherwise by name and shape; what is new begins at zero, its average at its value.
    /// </summary>
    /// <param name="edit">Gives the changed network from the current one.</param>
    /// <exception cref="ArgumentException">
    /// Moves do not fit, or nothing can be trained after the edit. Nothing has changed.
    /// </exception>
    public void Edit(Func<Network, NetworkEdit> edit)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        NetworkEdit edited = edit(Network);
        edited.Check(Network);
        Network own = LearnerEdit.Owned(edited.Network, Network, _options);
        (_trained, Network) = (new TrainedParameters(own, _options, parameter =>
            LearnerEdit.Remembered(edited with { Network = own }, parameter, this)), own);
    }

    /// <summary>Ends the use of this learner. Networks that it gave stay valid.</summary>
    public void Dispose() => _isDisposed = true;

    /// <summary>
    /// Throws where a number of the network is not finite. The loss does not always show it: a ReLU can hide it.
    /// </summary>
    /// <exception cref="TrainingDivergedException">One is infinite or not a number.</exception>
    internal void RequireFiniteNetwork()
    {
        IEnumerable<KeyValuePair<string, Tensor>> tensors =
            Network.Parameters.Select(p => KeyValuePair.Create(p.Name, p.Value))
            .Concat(Network.Buffers.Where(b => b.Value.DType == DType.Float32));
        foreach ((string name, Tensor value) in tensors)
        {
            if (!double.IsFinite(GradientClipping.SumOfSquares(value.Physical())))
            {
                throw TrainingDivergedException.OfTensor(Steps, name, _options.Optimizer.LearningRate);
            }
        }
    }

    internal float[]? NewAverage(Parameter parameter) =>
        _options.Average is null ? null : parameter.Value.ToArray<float>();

    private void RequireFinite(double value, float rate)
    {
        if (!double.IsFinite(value))
        {
            throw new TrainingDivergedException(Steps, (float)value, rate);
        }
    }

    private static Tensor Scalar(Tensor loss) => loss.Count == 1
        ? Tensor.Ones(loss.Shape)
        : throw new ShapeMismatchException(
            "Learner.Gradients", loss.Shape, "a scalar loss; reduce it with Mean() or Sum()");

    /// <summary>
    /// The samples' weights, <c>[N]</c>, from a first backward pass that finds the lengths of their gradients.
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

    /// <summary>One backward pass; each gradient is taken over as soon as it is final.</summary>
    private void Fill(
        Gradients gradients, GradientTape tape, (Tensor Value, Tensor Cotangent) loss, GradientReady? ready)
    {
        tape.Gradient([loss], _trained.Sources, (i, gradient) =>
        {
            gradients.Take(i, gradient);
            ready?.Invoke(_trained.Names[i], gradients[i]);
        });
    }

    /// <summary>Adds the regularizers' gradients and bounds each element; gives the regularizers' value.</summary>
    private double Regularize(Gradients gradients, out double squares)
    {
        double value = 0;
        squares = 0;
        for (int i = 0; i < _trained.Count; i++)
        {
            Parameter parameter = _trained.All[i].Parameter;
            Span<float> gradient = gradients[i];
            for (int r = 0; r < _options.Regularizers.Count; r++)
            {
                value += _options.Regularizers[r].AddGradient(parameter, parameter.Value.Physical(), gradient);
            }

            _options.Clipping?.ClipValues(gradient);
            squares += _options.Clipping?.MaxNorm is null ? 0 : GradientClipping.SumOfSquares(gradient);
        }

        return value;
    }

    private void Step(TrainedParameter trained, ReadOnlySpan<float> gradient, float rateFactor, float clip)
    {
        Parameter parameter = trained.Parameter;
        var update = new ParameterUpdate
        {
            Value = parameter.Value.Writable(),
            Gradient = gradient,
            Mask = parameter.Mask is null ? default : parameter.Mask.Physical(),
            RateFactor = rateFactor * trained.Group.RateFactor,
            GradientScale = clip,
            WeightDecay = trained.Group.WeightDecay,
        };
        _options.Optimizer.Step(update, trained.State);
        parameter.Value.Storage.MarkWritten();
    }

    private void UpdateAverages()
    {
        for (int i = 0; i < _trained.Count && _options.Average is not null; i++)
        {
            TrainedParameter trained = _trained.All[i];
            _options.Average.Update(trained.Average, trained.Parameter.Value.Physical(), Steps);
        }
    }
}

/// <summary>What one step of a <see cref="Learner"/> was.</summary>
/// <param name="Regularization">Sum of the regularizers' values.</param>
/// <param name="LearningRate">The optimizer's rate times the schedule's factor.</param>
public readonly record struct LearnerStep(double Regularization, float LearningRate);
