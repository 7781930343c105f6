using Temper.Inference;

namespace Temper.Cli.Benchmarks;

/// <summary>Measurements for one batch size.</summary>
/// <param name="Batch">Samples per batch.</param>
/// <param name="CompileSeconds">Compile time for this batch size, in seconds.</param>
/// <param name="Seconds">Time of one run, in seconds.</param>
/// <param name="Plan">The steps with their measured times.</param>
internal sealed record InferenceResult(int Batch, double CompileSeconds, double Seconds, InferencePlan Plan)
{
    /// <summary>
    /// The shorter of ONNX Runtime's two times (idle threads spinning or sleeping), in seconds; null: not compared.
    /// </summary>
    internal double? OnnxSeconds { get; init; }

    /// <summary>The reason why ONNX Runtime was not compared; null: compared.</summary>
    internal string? Obstacle { get; init; }

    /// <summary>Largest difference between the outputs, relative to the largest output.</summary>
    internal double Difference { get; init; }

    /// <summary>Speedup over ONNX Runtime; null: not compared.</summary>
    internal double? Speed => OnnxSeconds / Seconds;
}
