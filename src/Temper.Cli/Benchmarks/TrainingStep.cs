using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Cli.Benchmarks;

/// <summary>Forward pass, gradient and update of a classifier on one batch that stays the same.</summary>
internal sealed class TrainingStep
{
    private readonly Network _network;
    private readonly Optimizer _optimizer;
    private readonly OptimizerState[] _states;
    private readonly Tensor _inputs;
    private readonly Tensor _labels;
    private readonly RandomStream _stream = RandomStream.FromSeed(1);

    internal TrainingStep(Network network, int batch, Optimizer optimizer)
    {
        const int Classes = 10;
        _network = network.Initialize(_stream.Split("weights")).Copy();
        _optimizer = optimizer;
        _states = [.. _network.Parameters.Select(parameter => optimizer.CreateState(parameter.Value.Count))];
        Shape shape = Shape.Create([batch, .. _network.Inputs[0].SampleShape.AsSpan()]);
        float[] values = new float[shape.Count];
        _stream.Split("inputs").Fill(values);
        _inputs = Tensor.From(values, shape);
        _labels = Tensor.From([.. Enumerable.Range(0, batch).Select(i => (long)(i % Classes))], [batch]);
    }

    internal void Run()
    {
        using var tape = new GradientTape();
        Tensor[] sources = [.. _network.Parameters.Select(parameter => tape.Watch(parameter.Value))];
        Pass pass = Pass.Training(_stream.Split("dropout"));
        Tensor loss = _network.Forward(_inputs, pass).CrossEntropy(_labels);
        GradientMap gradients = tape.Gradient(loss, sources);
        for (int i = 0; i < sources.Length; i++)
        {
            Tensor value = _network.Parameters[i].Value;
            _optimizer.Step(
                new ParameterUpdate { Value = value.Writable<float>(), Gradient = gradients[sources[i]].AsSpan<float>() }, _states[i]);
            value.Storage.MarkWritten();
        }

        BatchStatisticsUpdate.Apply(_network, pass);
    }
}
