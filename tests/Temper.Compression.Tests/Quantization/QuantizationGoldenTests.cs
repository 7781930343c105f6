using System.Text.Json;
using Temper.Formats.Onnx;
using Temper.Inference;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Tests.Quantization;

/// <summary>
/// Golden values of ONNX Runtime for a quantized model written by Temper (eng/golden/quantized.mjs): convolutions with
/// a residual block, a stride, pooling and a linear layer, initialized with seed 7, calibrated on the input of the
/// test; the output is rounded to 127 steps of its largest value.
/// </summary>
public sealed class QuantizationGoldenTests
{
    /// <summary>
    /// Maximum fraction of outputs that are off by a step. Sums are exact in both implementations; only roundings close
    /// to a tie, and values computed from them, may differ.
    /// </summary>
    private const double MaxOff = 0.05;

    [Fact]
    public void Results_are_those_of_ONNX_Runtime_within_a_step_of_the_output()
    {
        using Stream stream = typeof(QuantizationGoldenTests).Assembly.GetManifestResourceStream("Temper.Compression.Tests.Golden.quantized.json")!;
        using JsonDocument golden = JsonDocument.Parse(stream);
        float[] expected = [.. golden.RootElement.GetProperty("output").EnumerateArray().Select(number => number.GetSingle())];
        Shape shape = Shape.Create([.. golden.RootElement.GetProperty("shape").EnumerateArray().Select(length => length.GetInt32())]);
        Network network = OnnxFile.Read(new MemoryStream(golden.RootElement.GetProperty("model").GetBytesFromBase64()), "quantized.onnx").Network;
        Tensor x = Tensor.From((float[])[.. Enumerable.Range(0, shape.Count).Select(i => i * 7919 % 1009 / 1009f)], shape);
        float step = ((FakeQuantize)network.Nodes.Single(node => string.Equals(node.Name, network.Outputs[0].Value, StringComparison.Ordinal)).Operator).Scale;
        Assert.Equal(5, network.Nodes.Count(node => network.ScalesOf(node) is not null));

        AssertWithinAStep(expected, network.Forward(x).ToArray<float>(), step);
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        AssertWithinAStep(expected, session.Run([x])[0].ToArray<float>(), step);
        Assert.Equal(5, compiled.Explain().Steps.Count(step => string.Equals(step.Kernel, "int8", StringComparison.Ordinal)));
    }

    private static void AssertWithinAStep(float[] expected, float[] actual, float step)
    {
        int[] off = [.. expected.Zip(actual, (a, b) => (int)MathF.Round(Math.Abs(a - b) / step))];
        Assert.True(off.Max() <= 1, $"{off.Max()} steps off");
        Assert.True(off.Count(steps => steps > 0) <= MaxOff * off.Length, $"{off.Count(steps => steps > 0)} of {off.Length} are a step off");
    }
}
