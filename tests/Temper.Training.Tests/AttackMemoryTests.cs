using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Tensors.Memory;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests;

/// <summary>
/// Measures the memory that an attack holds, and the garbage that it creates, while its samples finish one after
/// another.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class AttackMemoryTests(Xunit.Abstractions.ITestOutputHelper output)
{
    private const int Batch = 64;
    private const int Steps = 300;

    [Fact]
    public void Attack_on_a_shrinking_batch_lives_in_the_memory_of_its_first_step()
    {
        Network network = Network.Build(InputSpec.Image(3, 16, 16), x => x
                .Conv2d(16, kernel: 3, padding: 1).BatchNorm().Relu().Conv2d(16, kernel: 3, padding: 1).BatchNorm().Relu().GlobalAvgPool2d().Flatten().Linear(10))
            .Initialize(RandomStream.FromSeed(1));
        float[] pixels = new float[Batch * 3 * 16 * 16];
        RandomStream.FromSeed(2).Fill(pixels);
        Tensor x = Tensor.From(pixels, [Batch, 3, 16, 16]), labels = Tensor.From([.. Enumerable.Range(0, Batch).Select(i => i % 10L)], [Batch]);
        var ball = new PerturbationBall(x, 0.1f);
        RandomCursor random = RandomStream.FromSeed(3).Cursor();
        (long held, long heldFirst, long allocated) = (BufferPool<float>.HeldBytes, 0, 0);
        int collections = 0;
        using var scope = new TensorScope();
        for (int step = 0; step < Steps; step++)
        {
            Tensor slope;
            using (var tape = new GradientTape())
            {
                tape.Watch(x);
                slope = scope.Keep(tape.Gradient(network.Forward(x).CrossEntropy(labels), x));
            }

            x = scope.Keep(ball.SignStep(x, slope, 0.01f));
            int left = random.NextInt32(4) == 0 ? Math.Max(1, labels.Count - 1 - random.NextInt32(3)) : labels.Count;
            if (left < labels.Count)
            {
                Tensor rest = Tensor.From([.. Enumerable.Range(0, left).Select(i => (long)i)], [left]);
                (x, labels) = (scope.Keep(x.IndexSelect(0, rest)), scope.Keep(labels.IndexSelect(0, rest)));
                ball = ball with { Center = scope.Keep(ball.Center.IndexSelect(0, rest)) };
            }

            scope.Keep(ball.Center);
            scope.Keep(labels);
            scope.Reset();
            if (step == 0)
            {
                heldFirst = BufferPool<float>.HeldBytes;
            }
            else if (step == 20)
            {
                (allocated, collections) = (GC.GetTotalAllocatedBytes(precise: true), GC.CollectionCount(2));
            }
        }

        double kibibytes = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / 1024.0 / (Steps - 20);
        long now = BufferPool<float>.HeldBytes;
        output.WriteLine($"{kibibytes:F1} KiB a step; the pool held {held >> 10} KiB before, {heldFirst >> 10} after the first step, {now >> 10} at the end");
        Assert.Equal(1, labels.Count);
        Assert.Equal(0, GC.CollectionCount(2) - collections);
        Assert.InRange(kibibytes, 0, 64);
        Assert.InRange(now, 0, (long)(1.3 * heldFirst));
    }
}
