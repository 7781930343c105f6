using Temper.Kernels;

namespace Temper.Inference;

/// <summary>Keeps the caller's memory in place while a session works on it.</summary>
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
