using Temper.Networks;
using Temper.Tensors;

namespace Temper.Serving.Tests.Contract;

/// <summary>One meaning for a network: every way of running it gives what the graph gives, or all refuse.</summary>
internal static class EngineContract
{
    /// <summary>The tests that take all processors, which others should not have to share.</summary>
    internal const string Alone = "engines";

    /// <summary>Of the largest value: what rounding may change.</summary>
    private const double Tolerance = 1e-5;

    /// <summary>Runs a network in all ways and compares.</summary>
    /// <param name="network">The network.</param>
    /// <param name="inputs">A tensor for each input.</param>
    /// <param name="mixes">Whether it needs the samples of a batch together: the server and the converter may refuse it.</param>
    /// <returns>Why it was not converted, where ONNX has nothing for it; else null.</returns>
    internal static string? Check(Network network, IReadOnlyList<Tensor> inputs, bool mixes = false)
    {
        Outcome graph = Engines.Graph(network, inputs);
        AssertSame("compiled", graph, Engines.Compiled(network, inputs), mayRefuse: false);
        AssertSame("served", graph, Engines.Served(network, inputs), mixes);
        Outcome converted = Engines.Converted(network, inputs);
        if (converted.Refusal is NotSupportedException reason)
        {
            return reason.Message;
        }

        if (converted.Refusal is not null && network.Inputs.Any(input => input.SampleShape.Contains(0)))
        {
            return "not converted: in ONNX a length of 0 stands for a free one";
        }

        AssertSame("converted", graph, converted, mixes);
        return null;
    }

    private static void AssertSame(string way, Outcome graph, Outcome found, bool mayRefuse)
    {
        if (graph.Values is null)
        {
            Assert.True(found.Values is null, $"{way}: runs, while the graph refuses: {graph.Refusal!.Message}");
            return;
        }

        if (found.Values is null)
        {
            Assert.True(mayRefuse, $"{way}: refuses what the graph runs: {found.Refusal!.Message}");
            return;
        }

        Assert.Equal(graph.Values.Count, found.Values.Count);
        foreach ((int i, (Tensor expected, Tensor actual)) in graph.Values.Zip(found.Values).Index())
        {
            Assert.True(
                expected.Shape.Equals(actual.Shape) && expected.DType == actual.DType,
                $"{way}: output {i} is another (expected {expected.DType} {expected.Shape}, got {actual.DType} {actual.Shape})");
            AssertNear($"{way}: output {i}", Numbers(expected), Numbers(actual), expected.DType == DType.Float32 ? Tolerance : 0);
        }
    }

    /// <summary>What is not finite must be the same.</summary>
    internal static void AssertNear(string what, double[] expected, double[] actual, double tolerance)
    {
        double largest = expected.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
        for (int i = 0; i < expected.Length; i++)
        {
            bool isSame = expected[i].Equals(actual[i]) || Math.Abs(expected[i] - actual[i]) <= tolerance * largest;
            Assert.True(isSame, $"{what} differs at {i}: expected {expected[i]}, got {actual[i]}; the largest is {largest}");
        }
    }

    internal static double[] Numbers(Tensor tensor) => tensor.DType switch
    {
        DType.Float32 => Array.ConvertAll(tensor.ToArray<float>(), value => (double)value),
        DType.Int64 => Array.ConvertAll(tensor.ToArray<long>(), value => (double)value),
        DType.Int32 => Array.ConvertAll(tensor.ToArray<int>(), value => (double)value),
        DType.UInt8 => Array.ConvertAll(tensor.ToArray<byte>(), value => (double)value),
        _ => Array.ConvertAll(tensor.ToArray<bool>(), value => value ? 1.0 : 0),
    };
}

[CollectionDefinition(EngineContract.Alone, DisableParallelization = true)]
public sealed class EngineContractCollection;
