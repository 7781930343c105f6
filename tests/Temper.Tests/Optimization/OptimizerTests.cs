using System.Text.Json;
using Temper.Kernels;
using Temper.Optimization;
using Temper.Testing;
using Temper.Tests.Kernels;

namespace Temper.Tests.Optimization;

public sealed class OptimizerTests
{
    private static readonly Dictionary<string, Optimizer> Table = new(StringComparer.Ordinal)
    {
        ["sgd"] = new Sgd { LearningRate = 0.1f },
        ["sgd decay"] = new Sgd { LearningRate = 0.1f, WeightDecay = 0.05f },
        ["sgd momentum"] = new Sgd { LearningRate = 0.1f, Momentum = 0.9f, WeightDecay = 0.01f },
        ["sgd dampening"] = new Sgd { LearningRate = 0.1f, Momentum = 0.9f, Dampening = 0.3f },
        ["sgd nesterov"] = new Sgd { LearningRate = 0.1f, Momentum = 0.8f, Nesterov = true, WeightDecay = 0.01f },
        ["adam"] = new Adam { LearningRate = 0.01f },
        ["adam options"] = new Adam { LearningRate = 0.02f, Beta1 = 0.8f, Beta2 = 0.95f, Epsilon = 1e-4f, WeightDecay = 0.1f },
        ["adamw"] = new AdamW { LearningRate = 0.01f, WeightDecay = 0.1f },
        ["adadelta"] = new Adadelta(),
        ["adadelta options"] = new Adadelta { LearningRate = 0.5f, Rho = 0.8f, Epsilon = 1e-4f, WeightDecay = 0.1f },
        ["rmsprop"] = new RmsProp(),
        ["rmsprop centered"] = new RmsProp { Alpha = 0.9f, Epsilon = 1e-3f, Centered = true, WeightDecay = 0.1f },
        ["rmsprop momentum"] = new RmsProp { Momentum = 0.9f },
        ["rmsprop all"] = new RmsProp { Momentum = 0.5f, Centered = true },
    };

    public static TheoryData<string> Names => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Step_follows_the_trajectory_of_PyTorch(string name)
    {
        using Stream file = typeof(OptimizerTests).Assembly.GetManifestResourceStream("Temper.Tests.Optimization.Golden.optimizers.json")!;
        using JsonDocument golden = JsonDocument.Parse(file);
        float[] w = Floats(golden.RootElement.GetProperty("start"));
        JsonElement gradients = golden.RootElement.GetProperty("gradients"), expected = golden.RootElement.GetProperty("trajectories").GetProperty(name);
        OptimizerState state = Table[name].CreateState(w.Length);
        for (int step = 0; step < gradients.GetArrayLength(); step++)
        {
            Table[name].Step(new ParameterUpdate { Value = w, Gradient = Floats(gradients[step]) }, state);
            Near.Equal([.. Floats(expected[step]).Select(x => (double)x)], w, 3e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Step_goes_down_a_parabola_at_every_length(string name)
    {
        foreach (int length in (int[])[0, 1, 15, 16, 17, 33])
        {
            float[] w = Samples.Uniform(length, 1, 1, 2), gradient = new float[length];
            float[] start = [.. w];
            OptimizerState state = Table[name].CreateState(length);
            for (int step = 0; step < 30; step++)
            {
                w.CopyTo(gradient, 0);
                Table[name].Step(new ParameterUpdate { Value = w, Gradient = gradient }, state);
            }

            Assert.All(w.Zip(start), pair => Assert.True(Math.Abs(pair.First) < pair.Second, $"{pair.First} from {pair.Second}"));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Step_goes_down_the_valley_of_Rosenbrock(string name)
    {
        float[] w = [-1, 1.5f];
        Optimizer optimizer = Table[name] with { WeightDecay = 0 };
        OptimizerState state = optimizer.CreateState(2);
        for (int step = 0; step < 4000; step++)
        {
            (float x, float y) = (w[0], w[1]);
            float[] gradient = [(-2 * (1 - x)) - (400 * x * (y - (x * x))), 200 * (y - (x * x))];
            float rate = optimizer is Sgd { Momentum: 0 } ? 0.01f : optimizer is Sgd ? 0.002f : optimizer is Adadelta ? 0.1f : 1;
            var clipping = new GradientClipping { MaxNorm = 5 };
            float scale = clipping.ScaleFor(GradientClipping.SumOfSquares(gradient));
            optimizer.Step(new ParameterUpdate { Value = w, Gradient = gradient, RateFactor = rate, GradientScale = scale }, state);
        }

        double value = Math.Pow(1 - w[0], 2) + (100 * Math.Pow(w[1] - (w[0] * w[0]), 2));
        Assert.True(value < 0.5, $"{value} at ({w[0]}, {w[1]})");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Masked_weights_are_zero_whatever_their_gradient(string name)
    {
        float[] w = Samples.Uniform(37, 1), gradient = Samples.Uniform(37, 2);
        float[] mask = [.. Enumerable.Range(0, 37).Select(i => i % 3 == 0 ? 0f : 1f)];
        gradient[3] = float.NaN;
        gradient[6] = float.PositiveInfinity;
        OptimizerState state = Table[name].CreateState(37);
        for (int step = 0; step < 3; step++)
        {
            Table[name].Step(new ParameterUpdate { Value = w, Gradient = gradient, Mask = mask }, state);
            Assert.All(w.Select((x, i) => (x, i)), p => Assert.Equal(p.i % 3 == 0, BitConverter.SingleToInt32Bits(p.x) == 0));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Restored_state_gives_the_same_bytes(string name)
    {
        Optimizer optimizer = Table[name];
        float[] w = Samples.Uniform(50, 1);
        OptimizerState state = optimizer.CreateState(50);
        Steps(w, state, 0, 5);
        float[] copy = [.. w];
        var restored = new OptimizerState(state.Steps, state.Slots.Select(s => s with { Values = [.. s.Values] }));
        Steps(w, state, 5, 10);
        Steps(copy, restored, 5, 10);
        Assert.Equal(w, copy);
        Assert.Equal(state.Slots.SelectMany(s => s.Values), restored.Slots.SelectMany(s => s.Values));

        void Steps(float[] value, OptimizerState of, int from, int to)
        {
            for (int step = from; step < to; step++)
            {
                optimizer.Step(new ParameterUpdate { Value = value, Gradient = Samples.Uniform(50, 100 + (ulong)step) }, of);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Results_do_not_depend_on_the_number_of_threads(string name) => Near.SameForAnyThreads(() =>
    {
        float[] w = Samples.Uniform(100_003, 1);
        OptimizerState state = Table[name].CreateState(w.Length);
        for (ulong step = 0; step < 2; step++)
        {
            Table[name].Step(new ParameterUpdate { Value = w, Gradient = Samples.Uniform(w.Length, 2 + step) }, state);
        }

        return w;
    });

    [Fact]
    public void Step_allocates_nothing()
    {
        float[] w = new float[1000], gradient = new float[1000];
        OptimizerState[] states = [.. Table.Values.Select(o => o.CreateState(1000))];
        Optimizer[] optimizers = [.. Table.Values];
        for (int round = 0; round < 2; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < states.Length; i++)
            {
                optimizers[i].Step(new ParameterUpdate { Value = w, Gradient = gradient }, states[i]);
            }

            if (round == 1)
            {
                Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }
    }

    [Fact]
    public void Decoupled_decay_of_sgd_multiplies_the_weight()
    {
        float[] w = [2], zero = [0];
        var sgd = new Sgd { LearningRate = 0.1f, WeightDecay = 0.5f, DecoupledDecay = true };
        sgd.Step(new ParameterUpdate { Value = w, Gradient = zero, RateFactor = 2 }, sgd.CreateState(1));
        Assert.Equal(2 * (1 - (0.2f * 0.5f)), w[0], 1e-6f);
        sgd.Step(new ParameterUpdate { Value = w, Gradient = zero, WeightDecay = 0 }, sgd.CreateState(1));
        Assert.Equal(2 * (1 - (0.2f * 0.5f)), w[0], 1e-6f);
    }

    [Fact]
    public void State_of_another_optimizer_is_refused()
    {
        float[] w = new float[3];
        OptimizerState state = new Adam().CreateState(3);
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => new Adadelta().Step(new ParameterUpdate { Value = w, Gradient = w }, state));
        Assert.Contains("exp_avg[3]", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Adam().Step(new ParameterUpdate { Value = new float[2], Gradient = new float[2] }, state));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd { LearningRate = -1 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd { LearningRate = float.NaN }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd { Nesterov = true }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adam { Beta1 = 1 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adadelta { Rho = -0.1f }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new RmsProp { WeightDecay = float.PositiveInfinity }.Validate());
    }

    private static float[] Floats(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetSingle())];
}
