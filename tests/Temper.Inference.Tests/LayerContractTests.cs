using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Inference.Tests;

/// <summary>
/// Contract of every compiled operator, with or without a dedicated kernel, for each of its candidates.
/// </summary>
[Trait("Category", VectorWidths.Kernels)]
public sealed class LayerContractTests
{
    private const float Tolerance = 1e-5f;

    /// <summary>Operators with inputs. Those without, such as constants, are evaluated at compile time.</summary>
    private static readonly OperatorRow[] Rows = [.. OperatorRows.All.Where(row => row.Network().Inputs.Count > 0)];

    public static TheoryData<int> Indices => [.. Enumerable.Range(0, Rows.Length)];

    [Fact]
    public void Table_has_registered_operators_alone()
    {
        string[] kinds = [.. LayerTable.Operators.Select(type => OperatorRows.All.First(row => row.Operator.GetType() == type).Operator.Kind)];
        Assert.All(kinds, kind => Assert.Contains(kind, OperatorRegistry.Kinds));
    }

    [Theory]
    [MemberData(nameof(Indices))]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Every_candidate_agrees_with_the_network(int place)
    {
        OperatorRow row = Rows[place];
        Network network = TestNetworks.WithStatistics(row.Network());
        int[] batches = row.HasBatch ? [1, 3, 9] : [2];
        int most = 1;
        for (int turn = 0; turn < most; turn++)
        {
            using CompiledNetwork compiled = CompiledNetwork.Compile(network, (_, candidates) =>
            {
                most = Math.Max(most, candidates.Count);
                return candidates[Math.Min(turn, candidates.Count - 1)];
            });
            using InferenceSession session = compiled.CreateSession();
            foreach (int batch in batches)
            {
                Tensor[] inputs = row.Inputs(batch);
                Tensor expected = network.Forward(inputs, Pass.Evaluation)[0];
                Tensor first = session.Run(inputs)[0], again = session.Run(inputs)[0];
                AssertSame(expected, first, $"{row.Operator}, turn {turn}, batch {batch}");
                AssertSame(first, again, $"{row.Operator}, turn {turn}, batch {batch}, second run");
            }
        }
    }

    private static void AssertSame(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.Shape, actual.Shape);
        Assert.Equal(expected.DType, actual.DType);
        Near.Assert(expected.To(DType.Float32).ToArray<float>(), actual.To(DType.Float32).ToArray<float>(), Tolerance, what);
    }
}
