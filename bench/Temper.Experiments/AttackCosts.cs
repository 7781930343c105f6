using System.Diagnostics;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Tensors;
using Temper.Training.Evaluation;

namespace Temper.Experiments;

/// <summary>Cost of attacks: time compared with that of the gradients alone, and memory.</summary>
internal static class AttackCosts
{
    private static readonly RandomStream Random = RandomStream.FromSeed(1);

    /// <summary>
    /// Prints the peak memory of AutoAttack on ResNet-20 at a radius at which all its attacks run. Target: 600 MiB for
    /// 1,000 images. Steps and queries affect the time, not the memory: <c>steps=10 queries=100</c> takes a tenth of
    /// the steps and a fiftieth of the queries of the standard version.
    /// </summary>
    internal static void Memory(string data, TableArguments given)
    {
        int count = given.Count("count", 1000), steps = given.Count("steps", 100),
            queries = given.Count("queries", 5000);
        (Network network, Dataset test) = AttackNetworks.Cifar(data);
        (Tensor x, Tensor y) = test.Read(0, count);
        var watch = Stopwatch.StartNew();
        AttackResult found = new AutoAttack { Epsilon = 1.0 / 255, Steps = steps, Queries = queries }.Run(
            network, x, Criterion.Misclassified(y.AsSpan<long>()), Random);
        using var process = Process.GetCurrentProcess();
        Console.WriteLine(
            FormattableString.Invariant($"| AutoAttack, resnet-20, L-inf 1/255, {steps} steps, {queries} queries ")
            + FormattableString.Invariant($"| {count} images | robust accuracy {100 * found.RobustAccuracy:F1} % ")
            + FormattableString.Invariant($"| {watch.Elapsed.TotalSeconds:F0} s ")
            + FormattableString.Invariant($"| peak {process.PeakWorkingSet64 / 1048576.0:F0} MiB ")
            + "(target 600 for 1,000 images) |");
    }

    internal static void Speed(string data, TableArguments given)
    {
        int count = given.Count("count", 1000);
        (Network network, Dataset test) = AttackNetworks.Mnist(data, "fmn_mnist");
        Network lenet = NetworkZoo.Create("lenet-5-caffe").Initialize(RandomStream.FromSeed(1));
        foreach ((string name, Network net) in
            new[] { ("lenet-5-caffe", lenet), ("fmn_mnist", network) }.Where(row => given.Wants("net", row.Item1)))
        {
            // The network's own predictions as labels, so that every sample takes all steps.
            (Tensor x, _) = test.Read(0, count);
            long[] labels = [.. Evaluator.Predict(net, test, 0, count).Select(answer => (long)answer.Predicted)];
            var target = new NetworkTarget(net);
            AttackResult? found = null;
            string seconds = Seconds(() => found = new Ddn().Run(target, x, Criterion.Misclassified(labels), Random));
            Console.WriteLine(
                FormattableString.Invariant($"| DDN-100 | {name} | {count} images | {seconds} ")
                + FormattableString.Invariant($"| {found!.Samples.Sum(s => (long)s.Backwards)} gradients ")
                + "| target 10 s for 1,000 images of LeNet-5 on 2 cores |");
            long alone = 0;
            seconds = Seconds(() => alone = GradientsAlone(target, x.AsSpan<float>(), count, labels));
            Console.WriteLine(
                FormattableString.Invariant($"| gradients alone | {name} | {count} images | {seconds} ")
                + FormattableString.Invariant($"| {alone} gradients | lower bound of the attack's time |"));
        }
    }

    /// <summary>
    /// Returns wall time and processor time as text. On a busy machine, half the processor time estimates the wall time
    /// on two idle cores.
    /// </summary>
    private static string Seconds(Action work)
    {
        var watch = Stopwatch.StartNew();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        work();
        return FormattableString.Invariant($"{watch.Elapsed.TotalSeconds:F2} s, ")
            + FormattableString.Invariant($"{(Environment.CpuUsage.TotalTime - before).TotalSeconds:F2} s ")
            + "of processor time";
    }

    /// <summary>
    /// Computes as many gradients as DDN takes, in batches of 128, without an attack; returns their number.
    /// </summary>
    private static long GradientsAlone(NetworkTarget target, ReadOnlySpan<float> x, int count, long[] labels)
    {
        const int Batch = 128, Steps = 100;
        int size = target.SampleShape.Count;
        float[] logits = new float[Batch * target.Classes], gradient = new float[Batch * size];
        long done = 0;
        for (int step = 0; step < Steps; step++)
        {
            for (int start = 0; start < count; start += Batch)
            {
                int rows = Math.Min(Batch, count - start), first = start;
                target.Gradient(
                    x.Slice(start * size, rows * size), rows, logits,
                    (row, z, slope) =>
                        new AttackLoss(LossKind.CrossEntropy, (int)labels[first + row]).Evaluate(z, slope),
                    gradient);
                done += rows;
            }
        }

        return done;
    }
}
