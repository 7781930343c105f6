using Temper.Inference;

namespace Temper.Cli.Benchmarks;

/// <summary>What one batch size gave.</summary>
/// <param name="Batch">Samples.</param>
/// <param name="CompileSeconds">Time that compiling for this batch took.</param>
/// <param name="Seconds">Of a run.</param>
/// <param name="Plan">The steps, timed.</param>
internal sealed record InferenceResult(int Batch, double CompileSeconds, double Seconds, InferencePlan Plan)
{
    /// <summary>The better of ONNX Runtime's two times; null where not compared.</summary>
    internal double? OnnxSeconds { get; init; }

    /// <summary>Why it was not compared; null where it was.</summary>
    internal string? Obstacle { get; init; }

    /// <summary>Largest difference of the results over the largest result.</summary>
    internal double Difference { get; init; }

    /// <summary>How many times faster than ONNX Runtime.</summary>
    internal double? Speed => OnnxSeconds / Seconds;
}
