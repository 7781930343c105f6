using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Peers.Measuring;

/// <summary>A network of the zoo with one batch of noise, trained step after step as the trainer does it.</summary>
internal sealed class TrainingWork
{
    private readonly TrainingStep _step;
    private readonly Batch _batch;

    public TrainingWork(string network, int batch)
    {
        Network start = NetworkZoo.Create(network).Initialize(RandomStream.FromSeed(1));
        var options = new TrainingOptions { Seed = 1, BatchSize = batch, Optimizer = new Sgd { LearningRate = 0.01f, Momentum = 0.9f } };
        _step = new TrainingStep(TrainingState.Begin(start, trainCount: batch, options), options, RandomStream.FromSeed(2));
        Shape shape = Shape.Create([batch, .. start.Inputs[0].SampleShape.AsSpan()]);
        float[] pixels = new float[shape.Count];
        RandomStream.FromSeed(3).Fill(pixels);
        _batch = new Batch(Tensor.From(pixels, shape), Tensor.From([.. Enumerable.Range(0, batch).Select(i => i % 10L)], [batch]), 0);
    }

    public void Run() => _step.Run(_batch, epoch: 0, isLast: false);
}
