using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Inference.Tests;

public sealed class InferenceSessionTests
{
    [Theory]
    [InlineData("lenet-5", 1)]
    [InlineData("lenet-300-100", 8)]
    [InlineData("resnet-20", 3)]
    public void A_run_allocates_nothing(string name, int batch)
    {
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [batch] });
        using InferenceSession session = compiled.CreateSession(threads: 1);
        float[] x = new float[network.Inputs[0].BatchShape(batch).Count], y = new float[batch * 10];
        float[] small = new float[network.Inputs[0].SampleShape.Count], few = new float[10];
        for (int i = 0; i < 3; i++)
        {
            session.Run(x, y);
            session.Run(small, few);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5; i++)
        {
            session.Run(x, y);
            session.Run(small, few);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Null_is_refused_by_name()
    {
        Network network = Network.Build(InputSpec.Features(3), x => x.Linear(2)).Initialize(RandomStream.FromSeed(1));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession(threads: 1);
        Assert.Throws<ArgumentNullException>("inputs", () => session.Run((IReadOnlyList<Tensor>)null!));
        Assert.Throws<ArgumentNullException>("inputs", () => session.Run((IReadOnlyList<Tensor>)[null!]));
    }

    [Fact]
    public void Threads_share_a_compiled_network_and_get_the_same_bytes()
    {
        Network network = TestNetworks.WithStatistics(NetworkZoo.ConvNetSmall().Initialize(RandomStream.FromSeed(1)));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        Tensor x = TestNetworks.Batch(network, 5);
        float[][] results = new float[4][];
        Thread[] threads = [.. Enumerable.Range(0, results.Length).Select(i => new Thread(() =>
        {
            using InferenceSession session = compiled.CreateSession(threads: 1 + (i % 3));
            float[] y = new float[50];
            for (int run = 0; run < 5; run++)
            {
                session.Run(x.AsSpan<float>(), y);
            }

            results[i] = y;
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(results, y => Assert.Equal(results[0], y));
    }

    [Fact]
    public void A_session_in_use_refuses_a_second_run_and_goes_on()
    {
        Network network = NetworkZoo.ConvNetSmall().Initialize(RandomStream.FromSeed(1));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession(threads: 1);
        float[] x = new float[network.Inputs[0].BatchShape(256).Count], y = new float[2560];
        int refused = 0, wrong = 0;
        session.Run(x, y);
        float[] expected = [.. y];
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            float[] own = new float[y.Length];
            for (int i = 0; i < 200 && Volatile.Read(ref refused) == 0; i++)
            {
                try
                {
                    session.Run(x, own);
                    wrong += own.AsSpan().SequenceEqual(expected) ? 0 : 1;
                }
                catch (InvalidOperationException error) when (error.Message.Contains("another thread", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref refused);
                }
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.True(refused > 0);
        Assert.Equal(0, wrong);
        session.Run(x, y);
        Assert.Equal(expected, y);
        Assert.Throws<ArgumentOutOfRangeException>(() => compiled.CreateSession(threads: 100_000));
    }

    /// <summary>The last network value is an operator's tensor, in memory that the session rents.</summary>
    [Fact]
    public void A_session_that_is_disposed_during_a_run_completes_it()
    {
        Network network = Network.Build(InputSpec.Features(64), x => x.Linear(256).Relu().Apply(new ArgExtreme(1))).Initialize(RandomStream.FromSeed(1));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        Tensor[] x = [TestNetworks.Batch(network, 128)];
        using InferenceSession one = compiled.CreateSession(threads: 1);
        long[] expected = one.Run(x)[0].ToArray<long>();
        for (int i = 0; i < 20; i++)
        {
            InferenceSession session = compiled.CreateSession(threads: 2);
            int runs = 0, wrong = 0;
            Exception? end = null;
            var thread = new Thread(() => end = Record.Exception(() =>
            {
                while (wrong == 0)
                {
                    wrong += session.Run(x)[0].ToArray<long>().SequenceEqual(expected) ? 0 : 1;
                    Interlocked.Increment(ref runs);
                }
            }));
            thread.Start();
            SpinWait.SpinUntil(() => Volatile.Read(ref runs) > 1 || !thread.IsAlive);
            session.Dispose();
            session.Dispose();
            thread.Join();
            Assert.IsType<ObjectDisposedException>(end);
            Assert.Equal(0, wrong);
        }
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(TestNetworks.Make("chain of layers"), new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        ArgumentException wrong = Assert.Throws<ArgumentException>(() => session.Run(new float[271], new float[4]));
        Assert.Contains("got 271 and 4 floats, expected N x 270 and N x 4", wrong.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => session.Run([], []));
        Assert.Throws<ArgumentException>(() => session.Run(new float[540], new float[4]));
    }

    [Fact]
    public void What_there_is_no_memory_for_is_refused_again_and_again()
    {
        Network network = Network.Build(new InputSpec { SampleShape = [1] }, x => x.Linear(100_000).Relu().Linear(1)).Initialize(RandomStream.FromSeed(1));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, (_, candidates) => candidates[0]);
        using InferenceSession session = compiled.CreateSession(threads: 1);
        float[] x = new float[30_000], y = new float[30_000];
        session.Run(x.AsSpan(0, 1), y.AsSpan(0, 1));
        for (int i = 0; i < 3; i++)
        {
            Assert.Contains(
                "run fewer samples at a time", Assert.Throws<ArgumentException>(() => session.Run(x, y)).Message, StringComparison.Ordinal);
        }

        session.Run(x.AsSpan(0, 1), y.AsSpan(0, 1));
    }

    [Fact]
    public void A_cancelled_run_throws_and_the_session_goes_on()
    {
        Network network = TestNetworks.Make("chain of layers");
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        float[] y = new float[4];
        Assert.Throws<OperationCanceledException>(() => session.Run(new float[270], y, cancelled.Token));
        session.Run(new float[270], y);
        Near.Assert(network.Forward(Tensor.Zeros([1, 3, 10, 9])).AsSpan<float>(), y, 1e-4f);
    }

    [Fact]
    public void What_is_disposed_refuses()
    {
        CompiledNetwork compiled = CompiledNetwork.Compile(TestNetworks.Make("no layer"));
        InferenceSession session = compiled.CreateSession();
        compiled.Dispose();
        session.Run(new float[270], new float[270]);
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Run(new float[270], new float[270]));
        Assert.Throws<ObjectDisposedException>(() => compiled.CreateSession());
    }

    [Fact]
    public void Several_inputs_outputs_and_types_run_as_tensors()
    {
        Network network = Network.Build(
            [new InputSpec { Name = "a", SampleShape = [4] }, new InputSpec { Name = "b", SampleShape = [4] }],
            values => [("sum", (values[0] + values[1]).Relu()), ("best", values[1].Linear(3).Apply(new ArgExtreme(1))), ("a", values[0])])
            .Initialize(RandomStream.FromSeed(1));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        Tensor[] x = [Tensor.From<float>([1, -2, 3, 4], [1, 4]), Tensor.From<float>([-2, 1, 0, 1], [1, 4])];
        IReadOnlyList<Tensor> expected = network.Forward(x, Pass.Evaluation), actual = session.Run(x);
        Assert.Equal(expected[0].ToArray<float>(), actual[0].ToArray<float>());
        Assert.Equal(expected[1].ToArray<long>(), actual[1].ToArray<long>());
        Assert.Equal(expected[2].ToArray<float>(), actual[2].ToArray<float>());
        Assert.Throws<InvalidOperationException>(() => session.Run(new float[4], new float[4]));
    }
}
