using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Native;

/// <summary>A model for ONNX Runtime with one float32 input and one float32 output.</summary>
/// <param name="Bytes">Content of the .onnx file.</param>
/// <param name="Input">Name of the input.</param>
/// <param name="Output">Name of the output.</param>
internal sealed record PeerModel(byte[] Bytes, string Input, string Output)
{
    /// <summary>Writes a network as an ONNX model.</summary>
    internal static PeerModel Of(Network network)
    {
        using var stream = new MemoryStream();
        OnnxFile.Write(network, stream);
        return new PeerModel(stream.ToArray(), network.Inputs[0].Name, network.Outputs[0].Name);
    }

    /// <summary>
    /// The reason why a network cannot be compared, or null: it must have one float32 input and one float32 output.
    /// </summary>
    internal static string? Obstacle(Network network) =>
        network.Inputs.Count != 1 || network.Outputs.Count != 1 || network.Inputs[0].DType != DType.Float32
            ? $"it has {network.Inputs.Count} inputs and {network.Outputs.Count} outputs (expected one float32 tensor "
                + "each)"
            : null;
}
