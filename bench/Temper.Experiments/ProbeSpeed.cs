using System.Diagnostics;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Experiments;

/// <summary>
/// Measures how many paths of LeNet-5 are probed per second, over all families. The weights have little effect on the
/// time.
/// </summary>
internal static class ProbeSpeed
{
    internal static int Run()
    {
        const int Rounds = 3;
        DataSets shapes = DataSource.Open("synth:shapes?count=1500&classes=10&size=28");
        Network network = NetworkZoo.Create("lenet-5").Initialize(RandomStream.FromSeed(1));
        var options = new TrainingOptions { Seed = 1, Epochs = 2, Optimizer = new Adam() };
        var target = new NetworkTarget(Trainer.Fit(network, shapes.Train, shapes.Train.Take(100), options).Network);
        (Tensor inputs, Tensor labels) = shapes.Train.Read(0, 500);
        var reference = new SampleReference(shapes.Train);
        Console.WriteLine(
            "| paths | forward passes per path | seconds | paths per second (target 2,000) "
            + "| paths per second of processor time |");
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            ProbeResult found = DecisionSpaceProbe.Run(
                target, inputs, labels.AsSpan<long>(), reference, RandomStream.FromSeed(1));
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            double used = (Environment.CpuUsage.TotalTime - processor).TotalSeconds, paths = found.Paths.Count;
            Console.WriteLine(
                FormattableString.Invariant($"| {paths} | {found.Forwards / paths:F1} | {seconds:F2} ")
                + FormattableString.Invariant($"| {paths / seconds:F0} | {paths / used:F0} |"));
        }

        return 0;
    }
}
