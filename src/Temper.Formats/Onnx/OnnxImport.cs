using Temper.Networks;

namespace Temper.Formats.Onnx;

/// <summary>A network that was made of an ONNX model, with the names that its inputs and outputs have there.</summary>
/// <param name="Network">The network; its names have signs that a name cannot have replaced by underscores.</param>
/// <param name="InputNames">Names in the model of the network's inputs, in their order.</param>
/// <param name="OutputNames">Names in the model of the network's outputs, in their order.</param>
public sealed record OnnxImport(Network Network, IReadOnlyList<string> InputNames, IReadOnlyList<string> OutputNames);
