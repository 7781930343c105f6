namespace Temper.Cli.Native;

/// <summary>ONNX Runtime refused something.</summary>
internal sealed class OnnxRuntimeException(string message) : Exception(message);
