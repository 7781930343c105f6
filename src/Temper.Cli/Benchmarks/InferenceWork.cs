using Temper.Cli.Native;
using Temper.Inference;
using Temper.Inference.Timing;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Cli.Benchmarks;

/// <summary>
/// Runs one batch through a compiled network and, if a model is given, through ONNX Runtime with spinning and with
/// sleeping idle threads.
/// </summary>
internal sealed class InferenceWork : IDisposable
{
    private readonly InferenceSession _session;
    private readonly OnnxSession[] _onnx = [];

    /// <param name="compiled">The compiled network.</param>
    /// <param name="model">The same network for ONNX Runtime; null: not compared.</param>
    /// <param name="batch">Samples per batch.</param>
    /// <param name="threads">Threads of ONNX Runtime; Temper uses the current worker pool.</param>
    /// <param name="samples">Samples to run on, repeated to fill the batch; null: noise.</param>
    internal InferenceWork(CompiledNetwork compiled, PeerModel? model, int batch, int threads, Tensor? samples = null)
    {
        Network network = compiled.Network;
        _session = compiled.CreateSession();
        Tensor[] inputs = [.. network.Inputs.Select(input => Filled(input, batch, samples))];
        Action run = PeerModel.Obstacle(network) is null ? Plain(inputs[0].ToArray<float>()) : () =>
            _session.Run(inputs);
        Contenders = [new("Temper", run)];
        if (model is not null)
        {
            _onnx = [new OnnxSession(model, network, batch, threads, spins: true), new OnnxSession(
                model, network, batch, threads, spins: false)];
            foreach (OnnxSession session in _onnx)
            {
                inputs[0].AsSpan<float>().CopyTo(session.Input);
            }

            Contenders = [.. Contenders, new("spins", _onnx[0].Run), new("sleeps", _onnx[1].Run)];
            Difference = Compare(inputs);
        }
    }

    /// <summary>Temper, followed by ONNX Runtime spinning and sleeping if compared.</summary>
    internal IReadOnlyList<Contender> Contenders { get; }

    /// <summary>Largest difference between the outputs, relative to the largest output; 0: not compared.</summary>
    internal double Difference { get; }

    public void Dispose()
    {
        _session.Dispose();
        foreach (OnnxSession session in _onnx)
        {
            session.Dispose();
        }
    }

    private Action Plain(float[] input)
    {
        int batch =
            _session.Network.Inputs[0].IsBatched ? input.Length / _session.Network.Inputs[0].SampleShape.Count : 1;
        ValueInfo result = _session.Network.Graph.InfoOf(_session.Network.Outputs[0].Value);
        float[] output = new float[result.Shape.Count * (result.IsBatched ? batch : 1)];
        return () => _session.Run(input, output);
    }

    private double Compare(Tensor[] inputs)
    {
        _onnx[0].Run();
        ReadOnlySpan<float> ours = _session.Run(inputs)[0].AsSpan<float>();
        double difference = 0, largest = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            difference = Math.Max(difference, Math.Abs((double)ours[i] - _onnx[0].Output[i]));
            largest = Math.Max(largest, Math.Abs(ours[i]));
        }

        return difference / largest;
    }

    /// <summary>
    /// Fills a batch with repeated samples, or with noise; with zeros if the data type is not float32.
    /// </summary>
    private static Tensor Filled(InputSpec input, int batch, Tensor? samples)
    {
        Shape shape = input.BatchShape(batch);
        if (input.DType != DType.Float32)
        {
            return Tensor.Zeros(shape).To(input.DType);
        }

        float[] values = new float[shape.Count];
        RandomStream.FromSeed(2).Fill(values);
        ReadOnlySpan<float> given = samples is null ? [] : samples.AsSpan<float>();
        for (int i = 0; i < values.Length && given.Length > 0; i++)
        {
            values[i] = given[i % given.Length];
        }

        return Tensor.From(values, shape);
    }
}
