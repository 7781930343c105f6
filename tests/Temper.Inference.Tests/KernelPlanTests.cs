using System.Text;
using Temper.Networks;

namespace Temper.Inference.Tests;

public sealed class KernelPlanTests
{
    [Fact]
    public void The_same_plan_gives_the_same_kernels_and_bytes()
    {
        Network network = TestNetworks.Make("chain of layers");
        using CompiledNetwork measured = CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [1, 9] });
        byte[] json = measured.ChosenKernels().ToJson();
        KernelPlan read = KernelPlan.Parse(json);
        Assert.Equal([1, 8], read.PartSizes.Keys.Order());
        Assert.Equal(new[] { 1, read.PartSizes[8] > 0 ? read.PartSizes[8] : 8 }.Distinct(), read.Kernels.Keys.Order());
        Assert.Equal(KernelPlan.ThisCpu, read.Cpu);
        using CompiledNetwork again = CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [1, 9], Plan = read });
        Assert.Equal(json, again.ChosenKernels().ToJson());
        foreach (int batch in new[] { 1, 9 })
        {
            float[] x = TestNetworks.Batch(network, batch).ToArray<float>(), expected = new float[batch * 4], actual = new float[batch * 4];
            measured.CreateSession().Run(x, expected);
            again.CreateSession().Run(x, actual);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void A_plan_of_another_processor_or_network_is_refused()
    {
        Network network = TestNetworks.Make("chain of layers");
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        string json = Encoding.UTF8.GetString(compiled.ChosenKernels().ToJson());
        KernelPlan other = Parse(json.Replace(KernelPlan.ThisCpu, "a better one", StringComparison.Ordinal));
        Assert.Contains("another processor", Assert.Throws<ArgumentException>(() => CompiledNetwork.Compile(network, new CompileOptions { Plan = other })).Message, StringComparison.Ordinal);
        KernelPlan wrong = Parse(json.Replace("\"rows\"", "\"columns\"", StringComparison.Ordinal).Replace("\"active inputs\"", "\"columns\"", StringComparison.Ordinal));
        Assert.Contains("got columns, expected one of rows, panels", Assert.Throws<ArgumentException>(() => CompiledNetwork.Compile(network, new CompileOptions { Plan = wrong })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => CompiledNetwork.Compile(TestNetworks.Make("depthwise"), new CompileOptions { Plan = Parse(json) }));
    }

    [Theory]
    [InlineData("""{ "99999999999": {} }""", "{}")]
    [InlineData("""{ "3": {} }""", "{}")]
    [InlineData("""{ "64": {} }""", """{ "64": 16 }""")]
    [InlineData("""{ "64": {} }""", """{ "64": -1 }""")]
    [InlineData("""{ "4": {}, "64": {} }""", """{ "4": 64 }""")]
    public void Batches_and_parts_that_cannot_be_are_refused(string batches, string parts) => Assert.Throws<InvalidDataException>(
        () => Parse($$"""{ "format": "temper-kernel-plan", "version": 1, "cpu": "any", "parts": {{parts}}, "batches": {{batches}} }"""));

    [Fact]
    public void A_plan_without_parts_runs_whole()
    {
        KernelPlan plan = Parse("""{ "format": "temper-kernel-plan", "version": 1, "cpu": "any", "batches": { "64": {} } }""");
        Assert.Equal(0, plan.PartSizeOf(64));
        Assert.Null(plan.PartSizeOf(1));
    }

    [Fact]
    public void Changed_bytes_are_read_or_refused()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(TestNetworks.Make("depthwise"), new CompileOptions { TimesKernels = false });
        byte[] json = compiled.ChosenKernels().ToJson();
        for (int i = 0; i < json.Length; i++)
        {
            foreach (byte other in new byte[] { 0, (byte)'"', (byte)'9', 0xff })
            {
                byte[] changed = [.. json];
                changed[i] = other;
                try
                {
                    _ = KernelPlan.Parse(changed);
                }
                catch (InvalidDataException)
                {
                    // The only exception allowed.
                }
            }

            Assert.Throws<InvalidDataException>(() => KernelPlan.Parse(json.AsMemory(0, i)));
        }
    }

    private static KernelPlan Parse(string json) => KernelPlan.Parse(Encoding.UTF8.GetBytes(json));
}
