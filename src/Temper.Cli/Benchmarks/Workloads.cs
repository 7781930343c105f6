using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors.Memory;

namespace Temper.Cli.Benchmarks;

/// <summary>A workload to measure.</summary>
/// <param name="Name">Name in the table.</param>
/// <param name="Operations">Floating-point operations per call; 0: not shown.</param>
/// <param name="Samples">Samples per call; 0: none.</param>
/// <param name="Prepare">Allocates the buffers and returns the action to time.</param>
internal sealed record Workload(string Name, double Operations, int Samples, Func<Action> Prepare);

/// <summary>The workloads that <c>temper bench</c> measures without a model.</summary>
internal static class Workloads
{
    internal static IReadOnlyList<Workload> All { get; } =
    [
        Product(512, 512, 512), Product(1024, 1024, 1024), Product(2048, 2048, 2048), Product(64, 500, 800),
        Product(64, 300, 784),
        Convolution("3 to 64, 32 x 32", Square(3, 64, 32)), Convolution("64 to 64, 32 x 32", Square(64, 64, 32)),
        Convolution("128 to 128, 16 x 16", Square(128, 128, 16)), Convolution("256 to 256, 8 x 8", Square(256, 256, 8)),
        Convolution("512 to 512, 4 x 4", Square(512, 512, 4)),
        Step("lenet-300-100", 64, new Adam()), Step("lenet-5", 64, new Adam()), Step("lenet-5-caffe", 64, new Adam()),
        Step("convnet-small", 64, new Sgd { LearningRate = 0.01f, Momentum = 0.9f }),
        Step("resnet-20", 128, new Sgd { LearningRate = 0.1f, Momentum = 0.9f }),
        Step("vgg-16-bn", 64, new Sgd { LearningRate = 0.05f, Momentum = 0.9f }),
    ];

    private static Workload Product(int m, int n, int k) =>
        new($"product {m} x {n} x {k}", 2.0 * m * n * k, Samples: 0, () =>
    {
        Memory<float> a = Values(m * k), b = Values(k * n), c = BufferPool<float>.AllocateAligned(m * n);
        return () => Gemm.Multiply(new MatrixView(a.Span, m, k), new MatrixView(b.Span, k, n), c.Span);
    });

    private static ConvolutionGeometry Square(int from, int to, int size) => new()
    {
        Batch = 64, InChannels = from, InHeight = size, InWidth = size, OutChannels = to, KernelHeight = 3,
        KernelWidth = 3,
        PadTop = 1, PadLeft = 1, PadBottom = 1, PadRight = 1,
    };

    private static Workload Convolution(string name, ConvolutionGeometry g) =>
        new($"convolution {name}", 2.0 * g.OutCount * g.Positions * g.GroupInputs, g.Batch, () =>
        {
            Memory<float> x = Values((int)g.InCount), w = Values((int)g.WeightCount),
                y = BufferPool<float>.AllocateAligned((int)g.OutCount);
            return () => Kernels.Convolution.Forward(g, x.Span, w.Span, y.Span, default);
        });

    private static Workload Step(string network, int batch, Optimizer optimizer) =>
        new($"training step {network}, batch {batch}, {optimizer.Name}", Operations: 0, batch, () =>
        {
            var step = new RepeatedStep(NetworkZoo.Create(network), batch, optimizer);
            return step.Run;
        });

    /// <summary>Reproducible values of equal magnitude and both signs.</summary>
    private static Memory<float> Values(int count)
    {
        Memory<float> values = BufferPool<float>.AllocateAligned(count);
        for (int i = 0; i < count; i++)
        {
            values.Span[i] = ((i * 37 % 101) - 50) / 64f;
        }

        return values;
    }
}
