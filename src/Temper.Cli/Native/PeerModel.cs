using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Native;

/// <summary>A model for ONNX Runtime with one float32 input and one float32 output.</summary>
/// <param name="Bytes">The .onnx file.</param>
/// <param name="Input">The input's name in it.</param>
/// <param name="Output">The output's name in it.</param>
internal sealed record PeerModel(byte[] Bytes, string Input, string Output)
{
    /// <summary>A network of ours, written as ONNX.</summary>
    internal static PeerModel Of(Network network)
    {
        using var stream = new MemoryStream();
        OnnxFile.Write(network, stream);
        return new PeerModel(stream.ToArray(), network.Inputs[0].Name, network.Outputs[0].Name);
    }

    /// <summary>
    /// What of a network cannot be compared, or null: inputs and outputs must be one float32 tensor each.
    /// </summary>
    internal static string? Obstacle(Network network) =>
        network.Inputs.Count != 1 || network.Outputs.Count != 1 || network.Inputs[0].DType != DType.Float32
            ? $"it has {network.Inputs.Count} inputs and {network.Outputs.Count} outputs (expected one float32 tensor "
                + "each)"
            : null;
}
