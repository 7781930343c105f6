using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Temper.Kernels;

/// <summary>Transposes of lines in memory, four columns at a time for as many lines as a vector has lanes.</summary>
internal static unsafe class Transposes
{
    private const int Deep = 4;

    /// <summary>
    /// Computes <c>target[d, line] = source[line, d]</c>. Lines from <paramref name="count"/> to
    /// <paramref name="width"/> (exclusive) are set to zero.
    /// </summary>
    /// <param name="source">First element of the first line.</param>
    /// <param name="stride">Distance between lines, in floats.</param>
    /// <param name="count">Number of source lines.</param>
    /// <param name="depth">Length of a line.</param>
    /// <param name="width">Number of lines to write; also the distance between target rows, in floats.</param>
    /// <param name="target">Receives <c>[depth, width]</c>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Lines(float* source, nint stride, int count, int depth, int width, float* target)
    {
        int line = 0;
        int whole = depth - (depth % Deep);
        if (Avx512F.IsSupported)
        {
            for (; line + 16 <= count; line += 16)
            {
                Sixteen(source + (line * stride), stride, whole, target + line, width);
            }
        }

        if (Avx.IsSupported)
        {
            for (; line + 8 <= count; line += 8)
            {
                Eight(source + (line * stride), stride, whole, target + line, width);
            }
        }

        if (Sse.IsSupported)
        {
            for (; line < count && line + 4 <= width; line += 4)
            {
                Four(source + (line * stride), stride, Math.Min(4, count - line), whole, target + line, width);
            }
        }

        Scalars(source, stride, count, new Rest(line, 0, depth), width, target);
        Scalars(source, stride, count, new Rest(0, whole, depth), Math.Min(line, width), width, target);
    }

    private static void Scalars(float* source, nint stride, int count, Rest rest, int width, float* target) =>
        Scalars(source, stride, count, rest, width, width, target);

    private static void Scalars(
        float* source, nint stride, int count, Rest rest, int lastLine, int width, float* target)
    {
        for (int d = rest.FirstDepth; d < rest.Depth; d++)
        {
            for (int line = rest.FirstLine; line < lastLine; line++)
            {
                target[((nint)d * width) + line] = line < count ? source[(line * stride) + d] : 0;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sixteen(float* s, nint stride, int depth, float* target, nint step)
    {
        for (int d = 0; d < depth; d += Deep, s += Deep, target += Deep * step)
        {
            Vector512<float> r0 = Gather16(s, stride), r1 = Gather16(s + stride, stride);
            Vector512<float> r2 = Gather16(s + (2 * stride), stride), r3 = Gather16(s + (3 * stride), stride);
            Vector512<double> low01 = Avx512F.UnpackLow(r0, r1).AsDouble(),
                low23 = Avx512F.UnpackLow(r2, r3).AsDouble();
            Vector512<double> high01 = Avx512F.UnpackHigh(r0, r1).AsDouble(),
                high23 = Avx512F.UnpackHigh(r2, r3).AsDouble();
            Avx512F.UnpackLow(low01, low23).AsSingle().Store(target);
            Avx512F.UnpackHigh(low01, low23).AsSingle().Store(target + step);
            Avx512F.UnpackLow(high01, high23).AsSingle().Store(target + (2 * step));
            Avx512F.UnpackHigh(high01, high23).AsSingle().Store(target + (3 * step));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Eight(float* s, nint stride, int depth, float* target, nint step)
    {
        for (int d = 0; d < depth; d += Deep, s += Deep, target += Deep * step)
        {
            Vector256<float> r0 = Gather8(s, stride), r1 = Gather8(s + stride, stride);
            Vector256<float> r2 = Gather8(s + (2 * stride), stride), r3 = Gather8(s + (3 * stride), stride);
            Vector256<double> low01 = Avx.UnpackLow(r0, r1).AsDouble(), low23 = Avx.UnpackLow(r2, r3).AsDouble();
            Vector256<double> high01 = Avx.UnpackHigh(r0, r1).AsDouble(), high23 = Avx.UnpackHigh(r2, r3).AsDouble();
            Avx.UnpackLow(low01, low23).AsSingle().Store(target);
            Avx.UnpackHigh(low01, low23).AsSingle().Store(target + step);
            Avx.UnpackLow(high01, high23).AsSingle().Store(target + (2 * step));
            Avx.UnpackHigh(high01, high23).AsSingle().Store(target + (3 * step));
        }
    }

    /// <summary>Transposes up to four lines; missing ones are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(float* s, nint stride, int count, int depth, float* target, nint step)
    {
        for (int d = 0; d < depth; d += Deep, s += Deep, target += Deep * step)
        {
            Vector128<float> r0 = Vector128.Load(s);
            Vector128<float> r1 = count > 1 ? Vector128.Load(s + stride) : default;
            Vector128<float> r2 = count > 2 ? Vector128.Load(s + (2 * stride)) : default;
            Vector128<float> r3 = count > 3 ? Vector128.Load(s + (3 * stride)) : default;
            Vector128<float> low01 = Sse.UnpackLow(r0, r1), low23 = Sse.UnpackLow(r2, r3);
            Vector128<float> high01 = Sse.UnpackHigh(r0, r1), high23 = Sse.UnpackHigh(r2, r3);
            Sse.MoveLowToHigh(low01, low23).Store(target);
            Sse.MoveHighToLow(low23, low01).Store(target + step);
            Sse.MoveLowToHigh(high01, high23).Store(target + (2 * step));
            Sse.MoveHighToLow(high23, high01).Store(target + (3 * step));
        }
    }

    /// <summary>
    /// Loads four floats from every fourth line, so that unpacking within 128-bit lanes gives the lines in order.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Gather16(float* s, nint stride)
    {
        nint four = 4 * stride;
        Vector512<float> v = Vector128.Load(s).ToVector256Unsafe().ToVector512Unsafe();
        v = Avx512F.InsertVector128(v, Vector128.Load(s + four), 1);
        v = Avx512F.InsertVector128(v, Vector128.Load(s + (2 * four)), 2);
        return Avx512F.InsertVector128(v, Vector128.Load(s + (3 * four)), 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Gather8(float* s, nint stride) =>
        Avx.InsertVector128(Vector128.Load(s).ToVector256Unsafe(), Vector128.Load(s + (4 * stride)), 1);

    /// <summary>Range of elements that are copied one by one.</summary>
    private readonly record struct Rest(int FirstLine, int FirstDepth, int Depth);
}
