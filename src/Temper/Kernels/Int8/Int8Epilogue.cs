using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Converts sums to results as specified by an <see cref="Int8Tail"/>.</summary>
internal unsafe struct Int8Epilogue<T, TFloat>
    where T : unmanaged, IDotLanes<T, TFloat>
    where TFloat : unmanaged, ILanes<TFloat>
{
    private readonly TFloat _innerInverse;
    private readonly TFloat _innerScale;
    private readonly TFloat _innerLow;
    private readonly TFloat _innerHigh;
    private readonly TFloat _residualScale;
    private readonly TFloat _residualOffset;
    private readonly TFloat _inverse;
    private readonly TFloat _low;
    private readonly TFloat _high;
    private readonly TFloat _zero;
    private readonly bool _hasInner;
    private readonly bool _isBytes;
    private readonly bool _relu;
    private readonly byte* _residual;
    private readonly int _outputs;
    private readonly int _stride;
    private readonly void* _result;

    /// <summary>Prepares the constants.</summary>
    /// <param name="tail">Operations to apply.</param>
    /// <param name="outputs">Number of output channels.</param>
    /// <param name="result">Receives the results, floats or bytes.</param>
    internal Int8Epilogue(in Int8Tail tail, int outputs, void* result)
    {
        ByteGrid inner = tail.Inner ?? new(1, 0), grid = tail.Result ?? new(1, 0);
        (_innerInverse, _innerScale) = (TFloat.Create(1 / inner.Scale), TFloat.Create(inner.Scale));
        (_innerLow, _innerHigh) = (TFloat.Create(-inner.Zero), TFloat.Create(byte.MaxValue - inner.Zero));
        (_residualScale, _residualOffset) =
            (TFloat.Create(tail.ResidualGrid.Scale), TFloat.Create(-tail.ResidualGrid.Zero * tail.ResidualGrid.Scale));
        (_inverse, _low, _high, _zero) = (TFloat.Create(1 / grid.Scale), TFloat.Create(-grid.Zero), TFloat.Create(
            byte.MaxValue - grid.Zero), TFloat.Create(grid.Zero));
        (_hasInner, _relu, _isBytes) = (tail.Inner is not null, tail.Relu, tail.Result is not null);
        _residual = (byte*)tail.Residual.Pointer;
        _result = result;
        _outputs = outputs;
        _stride = ByteGrid.Stride(outputs);
    }

    /// <summary>Writes the results of one panel for one pixel.</summary>
    /// <param name="pixel">Index of the pixel in the result.</param>
    /// <param name="first">First output channel of the panel.</param>
    /// <param name="sums">Sums of the panel.</param>
    /// <param name="scale">Factor of each sum.</param>
    /// <param name="bias">Bias added to each scaled sum.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal readonly void Write(long pixel, int first, int* sums, float* scale, float* bias)
    {
        for (int i = 0; i < 2 * T.Count && first + i < _stride; i += T.Count)
        {
            TFloat y = TFloat.MultiplyAdd(T.ToFloat(T.Load(sums + i)), TFloat.Load(scale + i), TFloat.Load(bias + i));
            y = WithResidual(y, pixel, first + i);
            if (_isBytes)
            {
                WriteBytes(y, (byte*)_result + (pixel * _stride) + first + i, _stride - first - i);
            }
            else if (first + i < _outputs)
            {
                WriteFloats(y, (float*)_result + (pixel * _outputs) + first + i, _outputs - first - i);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly TFloat WithResidual(TFloat y, long pixel, int output)
    {
        if (_hasInner)
        {
            y = TFloat.Min(TFloat.Max(y * _innerInverse, _innerLow), _innerHigh);
            y = (y + TFloat.Create(ByteGrid.Rounder) - TFloat.Create(ByteGrid.Rounder)) * _innerScale;
        }

        if (_residual is not null)
        {
            y += TFloat.MultiplyAdd(
                T.FromBytes(_residual + (pixel * _stride) + output), _residualScale, _residualOffset);
        }

        return _relu ? TFloat.Max(y, TFloat.Zero) : y;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void WriteBytes(TFloat y, byte* target, int count)
    {
        // Clamped first, so that the sum with the rounder is exact. NaN becomes an arbitrary byte.
        TFloat whole = TFloat.Min(TFloat.Max(y * _inverse, _low), _high) + TFloat.Create(ByteGrid.Rounder) + _zero;
        if (count >= T.Count)
        {
            T.StoreBytes(whole, target);
            return;
        }

        WriteFew(whole, target, count);
    }

    /// <summary>Writes fewer bytes than a register holds.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteFew(TFloat whole, byte* target, int count)
    {
        byte* all = stackalloc byte[64];
        T.StoreBytes(whole, all);
        for (int i = 0; i < count; i++)
        {
            target[i] = all[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteFloats(TFloat y, float* target, int count)
    {
        if (count >= T.Count)
        {
            y.Store(target);
        }
        else
        {
            y.StoreFirst(count, target);
        }
    }
}
