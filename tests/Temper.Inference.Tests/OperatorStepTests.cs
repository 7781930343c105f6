using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Inference.Tests;

/// <summary>
/// Operators without a dedicated kernel: they use the session's memory and the layout of their neighbors.
/// </summary>
[Collection("alone")]
public sealed class OperatorStepTests
{
    [Fact]
    public void Between_convolutions_nothing_is_moved()
    {
        Network network = Make(x => x.Conv2d(16, kernel: 3, padding: 1).Tanh().Conv2d(16, kernel: 3, padding: 1));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        PlannedStep[] steps = compiled.PlanFor(1).Steps.Steps;
        int tanh = Array.FindIndex(steps, step => step.Layer is OperatorLayer);
        Assert.Equal(KernelNames.OperatorOnPixels, steps[tanh].Step.Kernel);
        Assert.IsType<ConvolutionStep>(steps[tanh - 1].Step);
        Assert.IsType<ConvolutionStep>(steps[tanh + 1].Step);
    }

    [Fact]
    public void A_run_allocates_less_than_a_kibibyte_for_an_operator()
    {
        Network network = Make(x => x.Conv2d(16, kernel: 3, padding: 1).Tanh().Conv2d(16, kernel: 3, padding: 1).Flatten());
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession(threads: 1);
        float[] x = TestNetworks.Batch(network, 1).ToArray<float>(), y = new float[16 * 32 * 32];
        long least = long.MaxValue;
        for (int i = 0; i < 10; i++)
        {
            session.Run(x, y);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            session.Run(x, y);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.InRange(least, 0, 1024);
    }

    [Fact]
    public void Results_go_back_with_the_last_step_that_reads_them()
    {
        Network network = Make(x => x.Tanh().Apply(new Sigmoid()).Tanh().Flatten());
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        ExecutionPlan plan = compiled.PlanFor(1).Steps;
        int[] operators = [.. plan.Steps.Index().Where(pair => pair.Item.Step.BringsMemory).Select(pair => pair.Index)];
        Assert.Equal(3, operators.Length);
        Assert.Equal([plan.Steps[operators[0]].Output], plan.Releases[operators[1]]);
        Assert.Equal([plan.Steps[operators[1]].Output], plan.Releases[operators[2]]);
    }

    [Fact]
    public void A_tape_that_is_open_does_not_follow_a_session()
    {
        Network network = Make(x => x.Conv2d(4, kernel: 1).Tanh().Flatten());
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        Tensor x = TestNetworks.Batch(network, 2);
        float[] expected = session.Run([x])[0].ToArray<float>();
        Tensor inside;
        using (var tape = new GradientTape())
        {
            inside = session.Run([tape.Watch(x)])[0];
        }

        Assert.Equal(expected, inside.ToArray<float>());
    }

    private static Network Make(Func<Value, Value> body) => Network.Build(InputSpec.Image(3, 32, 32), body).Initialize(RandomStream.FromSeed(1));
}
