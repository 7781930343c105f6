using Temper.Networks;
using Temper.Tensors;

namespace Temper.Serving.Tests.Contract;

/// <summary>Contract of the engines: each returns the same values as the graph, or all refuse.</summary>
internal static class EngineContract
{
    /// <summary>
    /// Collection of the tests that use all processors and therefore do not run in parallel with others.
    /// </summary>
    internal const string Alone = "engines";

    /// <summary>Tolerance for rounding errors, relative to the largest value.</summary>
    private const double Tolerance = 1e-5;

    /// <summary>Runs a network on all engines and compares the results.</summary>
    /// <param name="network">The network.</param>
    /// <param name="inputs">A tensor for each input.</param>
    /// <param name="mixes">
    /// Whether the network mixes the samples of a batch; the server and the converter may then refuse it.
    /// </param>
    /// <returns>Reason why the network was not converted, if ONNX has no counterpart for it; otherwise null.</returns>
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

    /// <summary>Compares values; non-finite values must be equal.</summary>
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
