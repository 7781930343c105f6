namespace Temper.Cli.Native;

/// <summary>An error reported by ONNX Runtime.</summary>
internal sealed class OnnxRuntimeException(string message) : Exception(message);
