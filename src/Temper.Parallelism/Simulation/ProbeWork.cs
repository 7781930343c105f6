using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Simulation;

/// <summary>A part of a step that is timed alone.</summary>
internal interface IProbeWork
{
    /// <summary>Runs the part once.</summary>
    /// <returns>The elapsed time in seconds, without that of preparing the caches.</returns>
    double Seconds();
}

/// <summary>Fills caches with other data. It uses all threads of the pool, so that they do not go to sleep.</summary>
internal sealed class CacheFiller(long bytes)
{
    private const int TaskFloats = 1 << 16;
    private const long MaxBytes = 256L << 20;

    private readonly float[] _other = new float[Math.Min(bytes, MaxBytes) / sizeof(float)];

    /// <summary>Fills the caches with other data, then with these tensors.</summary>
    internal void Fill(params ReadOnlySpan<Tensor> tensors)
    {
        WorkerPool.Current.Run(new Work(_other), Chunks.Count(_other.Length, TaskFloats));
        foreach (Tensor tensor in tensors)
        {
            TensorPrimitives.Sum(tensor.Physical());
        }
    }

    private sealed class Work(float[] other) : IPoolWork
    {
        public void Run(int task, int thread)
        {
            Span<float> part =
                other.AsSpan(task * TaskFloats, Math.Min(TaskFloats, other.Length - (task * TaskFloats)));
            TensorPrimitives.Add(part, 1, part);
        }
    }
}

/// <summary>A piece of a network, forward and backward.</summary>
internal sealed class PieceWork : IProbeWork
{
    private readonly Network _network;
    private readonly Tensor[] _inputs;
    private readonly Tensor[] _sources;
    private readonly Tensor _error;
    private readonly CacheFiller _cache;
    private readonly ProbeStart _start;
    private readonly TimeProvider _time;
    private readonly RandomStream _stream = RandomStream.FromSeed(1);

    internal PieceWork(NetworkPiece piece, int batch, CacheFiller cache, ProbeStart start, TimeProvider time)
    {
        (_cache, _start, _time) = (cache, start, time);
        _network = piece.Network.Initialize(_stream.Split("weights"));
        _inputs = [.. _network.Inputs.Select((input, i) =>
            Activation(Noise(input.BatchShape(batch), _stream.Split(input.Name)), piece.HasInputError[i]))];
        Tensor result = _network.Forward(_inputs, Pass.Evaluation)[0];
        _error = Noise(result.Shape, _stream.Split("error")).InLayoutOf(result);
        _sources = [.. _network.ParameterValues, .. _inputs.Where((_, i) => piece.HasInputError[i])];
    }

    public double Seconds()
    {
        // In a real step, the preceding layer has just written the input, and the following layer the output gradient.
        // Values kept by the forward pass have been displaced from the caches by then.
        _cache.Fill(_inputs);
        _start.Wait();
        long start = _time.GetTimestamp();
        var tape = new GradientTape();
        try
        {
            foreach (Tensor source in _sources)
            {
                tape.Watch(source);
            }

            Tensor output = _network.Forward(_inputs, Pass.Training(_stream))[0];
            double forward = _time.GetElapsedTime(start).TotalSeconds;
            _cache.Fill(_error);
            _start.Wait();
            start = _time.GetTimestamp();
            if (_sources.Length > 0)
            {
                tape.Gradient([(output, _error)], _sources);
            }

            tape.Dispose();
            return forward + _time.GetElapsedTime(start).TotalSeconds;
        }
        finally
        {
            tape.Dispose();
        }
    }

    /// <summary>Converts noise to the layout that values have between layers: channels-last for images.</summary>
    private static Tensor Activation(Tensor noise, bool isBetweenLayers) =>
        isBetweenLayers && noise.Rank == 4 ? noise.InLayout(Layout.ChannelsLast) : noise;

    internal static Tensor Noise(Shape shape, RandomStream stream)
    {
        float[] numbers = new float[shape.Count];
        stream.Fill(numbers);
        return Tensor.From(numbers, shape);
    }
}

/// <summary>A step of SGD with momentum, on as many weights as the network has, up to a limit.</summary>
internal sealed class OptimizerWork : IProbeWork, IDisposable
{
    private const int MaxSide = 2048;

    private readonly Learner _learner;
    private readonly Gradients _gradients;
    private readonly CacheFiller _cache;
    private readonly ProbeStart _start;
    private readonly TimeProvider _time;

    internal OptimizerWork(long weights, CacheFiller cache, ProbeStart start, TimeProvider time)
    {
        (_cache, _start, _time) = (cache, start, time);
        int side = Math.Clamp((int)Math.Sqrt(weights), 1, MaxSide);
        Part = weights / ((double)side * side);
        Network network = Network.Build(new InputSpec { SampleShape = [side] }, x => x.Linear(side, bias: false))
            .Initialize(RandomStream.FromSeed(1));
        _learner =
            new Learner(network, new LearnerOptions { Optimizer = new Sgd { LearningRate = 1e-3f, Momentum = 0.9f } });
        Tensor x = PieceWork.Noise([1, side], RandomStream.FromSeed(2));
        _gradients = _learner.Gradients((net, pass) => net.Forward(x, pass).Mean());
    }

    /// <summary>
    /// Weights of the network divided by those of this work: the number of these steps that cost as much as one step of
    /// the network.
    /// </summary>
    internal double Part { get; }

    public double Seconds()
    {
        _cache.Fill();
        _start.Wait();
        long start = _time.GetTimestamp();
        _learner.Apply(_gradients);
        return _time.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        _gradients.Dispose();
        _learner.Dispose();
    }
}
