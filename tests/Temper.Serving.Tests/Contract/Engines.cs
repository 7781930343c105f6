using System.Globalization;
using System.Text;
using System.Text.Json;
using Temper.Formats;
using Temper.Formats.Onnx;
using Temper.Inference;
using Temper.Networks;
using Temper.Serving.Protocol;
using Temper.Tensors;

namespace Temper.Serving.Tests.Contract;

/// <summary>
/// Engines that run a network: as a graph, compiled, behind the server, and exported to ONNX and imported again.
/// </summary>
internal static class Engines
{
    internal static Outcome Graph(Network network, IReadOnlyList<Tensor> inputs) => Outcome.Of(() => network.Forward(inputs, Pass.Evaluation));

    /// <summary>
    /// Compiles with kernels chosen by estimate and runs twice in one session: state left by the first run must not
    /// change the second result.
    /// </summary>
    internal static Outcome Compiled(Network network, IReadOnlyList<Tensor> inputs) => Outcome.Of(() =>
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [], TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        IReadOnlyList<Tensor> first = session.Run(inputs), second = session.Run(inputs);
        Assert.All(first.Zip(second), pair => Assert.Equal(Bytes(pair.First), Bytes(pair.Second)));
        return second;
    });

    /// <summary>Passes a protocol request through the queue and reads the bytes of the response.</summary>
    internal static Outcome Served(Network network, IReadOnlyList<Tensor> inputs) => Outcome.Of(() =>
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [], TimesKernels = false });
        var queue = new BatchingQueue(compiled, new BatchingOptions { Threads = 1 });
        try
        {
            InferRequest request = InferRequest.Read(network, Header(network, inputs), [.. inputs.SelectMany(Bytes)]);
            IReadOnlyList<Tensor> results = queue.RunAsync(request.Inputs).GetAwaiter().GetResult();
            return Read(InferResponse.Of(new ServerOptions(), network, request, results));
        }
        finally
        {
            queue.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    });

    /// <summary>Exports to ONNX and imports again; not supported if ONNX has no counterpart for an operator.</summary>
    internal static Outcome Converted(Network network, IReadOnlyList<Tensor> inputs) => Outcome.Of(() =>
    {
        var stream = new MemoryStream();
        OnnxFile.Write(network, stream, new OnnxExportOptions { Opset = 20 });
        stream.Position = 0;
        var options = new OnnxImportOptions { FreesBatch = network.Inputs.Any(input => input.IsBatched) };
        return OnnxFile.Read(stream, "converted.onnx", options).Network.Forward(inputs, Pass.Evaluation);
    });

    private static byte[] Header(Network network, IReadOnlyList<Tensor> inputs)
    {
        IEnumerable<string> tensors = network.Inputs.Zip(inputs, (spec, value) => string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"name":"{{{spec.Name}}}","shape":[{{{string.Join(',', value.Shape)}}}],"datatype":"{{{DataTypes.NameOf(value.DType)}}}","parameters":{"binary_data_size":{{{Bytes(value).Length}}}}}"""));
        return Encoding.UTF8.GetBytes($$$"""{"inputs":[{{{string.Join(',', tensors)}}}],"parameters":{"binary_data_output":true}}""");
    }

    private static Tensor[] Read(InferResponse response)
    {
        using JsonDocument json = JsonDocument.Parse(response.Json);
        JsonElement[] outputs = [.. json.RootElement.GetProperty("outputs").EnumerateArray()];
        return [.. outputs.Zip(response.Raw, (output, raw) => TensorBytes.FromBytes(
            TensorBytes.Of(raw), raw.DType, Shape.Create([.. output.GetProperty("shape").EnumerateArray().Select(length => length.GetInt32())])))];
    }

    private static byte[] Bytes(Tensor tensor) => TensorBytes.Of(tensor).ToArray();
}

/// <summary>Result of a run: its values, or the reason why it was refused.</summary>
internal sealed record Outcome(IReadOnlyList<Tensor>? Values, Exception? Refusal)
{
    /// <summary>
    /// Treats the exceptions with which the library refuses a run as refusals; any other exception fails the test.
    /// </summary>
    internal static Outcome Of(Func<IReadOnlyList<Tensor>> run)
    {
        try
        {
            return new Outcome(run(), Refusal: null);
        }
        catch (Exception error) when (error is ArgumentException or ModelFormatException or NotSupportedException or RequestException)
        {
            return new Outcome(Values: null, error);
        }
    }
}
