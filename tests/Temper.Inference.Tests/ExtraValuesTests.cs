using System.Runtime.InteropServices;
using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference.Tests;

/// <summary>
/// A layer with two outputs: its result, and a list of the winners' indices that the next layer reads.
/// </summary>
public sealed class ExtraValuesTests
{
    private const int Features = 40, Outputs = 6, Winners = 7;

    [Fact]
    public void A_list_of_indices_travels_to_the_next_layer()
    {
        Network network = Network.Build(new InputSpec { SampleShape = [Features] }, x => x.Relu().Linear(Outputs)).Initialize(Randomness.RandomStream.FromSeed(1));
        var context = new LoweringContext(network);
        int list = context.AddValue(new ValueInfo([1, Winners], DType.Int32, IsBatched: true));
        Tensor weight = network.ParameterValues[0], bias = network.ParameterValues[1];
        LayerGraph graph = new LayerGraph
        {
            Network = network,
            Layers =
            [
                new WinnersLayer { Name = "winners", Inputs = [0], Output = 1, Extras = [list] },
                new LinearOfWinners { Name = "linear", Inputs = [1, list], Output = 2, Weight = weight, Bias = bias },
            ],
            Values = context.Values,
            Constants = new Dictionary<int, Tensor>(),
            Outputs = [2],
        }.WithDensities(new Dictionary<int, ValueDensity>());
        Assert.Equal(Winners / (float)Features, graph.Densities[1].Elements);

        foreach (int batch in new[] { 1, 5 })
        {
            ExecutionPlan plan = PlanBuilder.Build(graph, new StepLibrary(), batch, (_, candidates) => candidates[0]);
            Assert.Equal([list], plan.Steps[0].Extras.Select(buffer => plan.Buffers[buffer].Value == graph.Values[list] ? list : -1));
            Tensor x = TestNetworks.Batch(network, batch);
            using var memory = new SessionMemory();
            memory.Fit(plan, batch);
            PinnedFloats input = new(x.AsSpan<float>()), output = new(batch * Outputs);
            memory.Rent(plan.Inputs[0], input.Address);
            memory.Rent(plan.Outputs[0], output.Address);
            memory.Begin();
            memory.Run(0);
            memory.Run(1);
            Near.Assert(Expected(x, weight, bias), output.Span, 1e-6f, $"batch {batch}");
        }
    }

    private static float[] Expected(Tensor x, Tensor weight, Tensor bias)
    {
        float[] values = x.ToArray<float>(), kept = new float[values.Length];
        for (int row = 0; row < x.Shape[0]; row++)
        {
            foreach (int i in WinnersOf(values.AsSpan(row * Features, Features)))
            {
                kept[(row * Features) + i] = values[(row * Features) + i];
            }
        }

        return Tensor.From(kept, x.Shape).Linear(weight, bias).ToArray<float>();
    }

    private static int[] WinnersOf(ReadOnlySpan<float> row)
    {
        float[] values = row.ToArray();
        return [.. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]).Take(Winners)];
    }

    private static Span<int> Indices(FloatAddress list, int batch) => MemoryMarshal.Cast<float, int>(list.Span(batch * Winners));

    private sealed record WinnersLayer : Layer
    {
        internal override object Attributes => Kind;

        internal override string Kind => "winners";

        internal override ValueDensity ExpectedDensity(LayerGraph graph) => new(Winners / (float)Features, Winners / (float)Features);

        internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch) =>
            [graph.Moving(this, "winners", ValueLayout.RowMajor, batch, layout => new WinnersStep { Reads = layout, Writes = layout })];
    }

    private sealed class WinnersStep : Step
    {
        internal override string Kernel => "winners";

        internal override void Run(in StepCall call)
        {
            Span<float> x = call.X.Span(call.Batch * Features), y = call.Y.Span(call.Batch * Features);
            Span<int> list = Indices(call.Extra(0), call.Batch);
            y.Clear();
            for (int row = 0; row < call.Batch; row++)
            {
                WinnersOf(x.Slice(row * Features, Features)).CopyTo(list[(row * Winners)..]);
                foreach (int i in list.Slice(row * Winners, Winners))
                {
                    y[(row * Features) + i] = x[(row * Features) + i];
                }
            }
        }
    }

    private sealed record LinearOfWinners : Layer
    {
        internal required Tensor Weight { get; init; }

        internal required Tensor Bias { get; init; }

        internal override object Attributes => Kind;

        internal override string Kind => "linear";

        internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch) =>
            [graph.Moving(this, "winners' inputs", ValueLayout.RowMajor, batch, layout => new LinearOfWinnersStep(Weight, Bias) { Reads = layout, Writes = layout })];
    }

    private sealed class LinearOfWinnersStep(Tensor weight, Tensor bias) : Step
    {
        internal override string Kernel => "winners' inputs";

        internal override void Run(in StepCall call)
        {
            ReadOnlySpan<float> w = weight.AsSpan<float>(), b = bias.AsSpan<float>();
            Span<float> x = call.X.Span(call.Batch * Features), y = call.Y.Span(call.Batch * Outputs);
            Span<int> list = Indices(call.Input(1), call.Batch);
            for (int i = 0; i < y.Length; i++)
            {
                (int row, int output) = (i / Outputs, i % Outputs);
                float sum = b[output];
                foreach (int feature in list.Slice(row * Winners, Winners))
                {
                    sum += w[(output * Features) + feature] * x[(row * Features) + feature];
                }

                y[i] = sum;
            }
        }
    }
}
