using Temper.Kernels;

namespace Temper.Inference;

/// <summary>Pins the caller's memory while a session uses it.</summary>
internal static unsafe class CallerMemory
{
    internal static void Rent(
        ReadOnlySpan<float> input, Span<float> output, InferenceSession session, CancellationToken cancellation)
    {
        fixed (float* x = input, y = output)
        {
            session.Run(new FloatAddress(x), new FloatAddress(y), cancellation);
        }
    }
}
