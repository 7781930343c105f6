using Temper.Networks;

namespace Temper.Formats.Onnx;

/// <summary>A network imported from an ONNX model, with the original names of its inputs and outputs.</summary>
/// <param name="Network">The network; characters that are not allowed in its names are replaced by underscores.</param>
/// <param name="InputNames">Names of the network's inputs in the model, in the network's order.</param>
/// <param name="OutputNames">Names of the network's outputs in the model, in the network's order.</param>
public sealed record OnnxImport(Network Network, IReadOnlyList<string> InputNames, IReadOnlyList<string> OutputNames);
