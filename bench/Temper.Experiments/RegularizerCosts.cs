using System.Diagnostics;
using Temper.Compression.DeepHoyer;
using Temper.Inference.Timing;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Experiments;

/// <summary>Measures the cost of each regularizer relative to a training step.</summary>
internal static class RegularizerCosts
{
    private const int Rounds = 7;

    internal static int Run(string[] args)
    {
        if (args is not [var network, var batch])
        {
            Console.Error.WriteLine("usage: regularizers NETWORK BATCH");
            return 2;
        }

        Print(network, TableArguments.Whole("regularizers", "BATCH", batch));
        return 0;
    }

    /// <summary>
    /// Prints a table of the median time of a step without a regularizer, and of the value and gradient of each formula
    /// and grouping.
    /// </summary>
    /// <param name="name">Name of a zoo network for CIFAR pictures with ten classes.</param>
    /// <param name="batch">Samples per step.</param>
    private static void Print(string name, int batch)
    {
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
        double step = StepTime(network, batch);
        Console.WriteLine($"| {name}, batch {batch} | ms | % of the step |");
        Console.WriteLine("| --- | ---: | ---: |");
        Console.WriteLine($"| step without a regularizer | {step:F2} | |");
        const float Strength = 1e-5f;
        WeightRegularizer[] formulas =
            [
                new L1 { Strength = Strength }, new Hoyer { Strength = Strength },
                new HoyerSquare { Strength = Strength }, new TransformedL1 { Strength = Strength },
            ];
        foreach (WeightRegularizer formula in formulas)
        {
            foreach (Grouping grouping in
                (Grouping[])[Grouping.Element, Grouping.FilterAndChannel, Grouping.RowAndColumn, Grouping.FourOutputs])
            {
                WeightRegularizer regularizer = formula with { Grouping = grouping };
                double time = Time(network, regularizer);
                Console.WriteLine($"| {regularizer.Name} {grouping} | {time:F3} | {100 * time / step:F2} |");
            }
        }
    }

    private static double StepTime(Network network, int batch)
    {
        using var learner = new Learner(
            network, new LearnerOptions { Optimizer = new Sgd { LearningRate = 1e-3f, Momentum = 0.9f } });
        Shape shape = [batch, .. network.Inputs[0].SampleShape];
        float[] pixels = new float[shape.Count];
        RandomStream.FromSeed(2).FillGaussian(pixels);
        Tensor x = Tensor.From(pixels, shape);
        Tensor y = Tensor.From((long[])[.. Enumerable.Range(0, batch).Select(i => (long)(i % 10))], [batch]);
        return Median(() =>
        {
            using Gradients gradients = learner.Gradients((net, pass) => net.Forward(x, pass).CrossEntropy(y));
            learner.Apply(gradients);
        });
    }

    private static double Time(Network network, IRegularizer regularizer)
    {
        (Parameter Parameter, float[] Weights, float[] Gradient)[] all =
            [.. network.Parameters.Select(p => (p, p.Value.ToArray<float>(), new float[p.Value.Count]))];
        return Median(() =>
        {
            foreach ((Parameter parameter, float[] weights, float[] gradient) in all)
            {
                regularizer.AddGradient(parameter, weights, gradient);
            }
        });
    }

    /// <summary>Returns the median time in milliseconds; the first two rounds are warm-up.</summary>
    private static double Median(Action action)
    {
        var times = new List<double>();
        for (int round = 0; round < Rounds + 2; round++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return times.Skip(2).Order().ElementAt(Rounds / 2);
    }
}
