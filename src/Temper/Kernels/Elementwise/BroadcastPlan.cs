using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <summary>
/// Plan for reading two row-major operands that broadcast to a result of <see cref="Length"/> elements. Axes with the
/// same access pattern in both operands are merged, so that most cases need only one or two loops over long inner runs.
/// </summary>
internal readonly struct BroadcastPlan
{
    /// <summary>Maximum number of axes.</summary>
    internal const int MaxRank = 8;

    private readonly AxisNumbers _sizes;
    private readonly AxisNumbers _left;
    private readonly AxisNumbers _right;

    /// <summary>Creates a plan.</summary>
    /// <param name="left">Shape of the left operand.</param>
    /// <param name="right">Shape of the right operand.</param>
    internal BroadcastPlan(ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        int rank = Math.Max(left.Length, right.Length);
        if (rank > MaxRank)
        {
            throw new ArgumentException($"broadcast: too many axes (got {rank}, expected at most {MaxRank})");
        }

        AxisNumbers sizes = default, ls = default, rs = default;
        int axes = 0, leftStride = 1, rightStride = 1, length = 1;
        for (int back = 1; back <= rank; back++)   // innermost axis first
        {
            int l = back <= left.Length ? left[^back] : 1, r = back <= right.Length ? right[^back] : 1;
            if (l != r && l != 1 && r != 1)
            {
                throw new ArgumentException($"broadcast: axes do not match (got {l} and {r}, expected equal or 1)");
            }

            int size = l == 1 ? r : l;
            length = checked(length * size);
            (int lstep, int rstep) = (l == 1 ? 0 : leftStride, r == 1 ? 0 : rightStride);
            leftStride *= l;
            rightStride *= r;
            if (size == 1)
            {
                continue;
            }

            if (axes > 0 && lstep == ls[axes - 1] * sizes[axes - 1] && rstep == rs[axes - 1] * sizes[axes - 1])
            {
                sizes[axes - 1] *= size;
                continue;
            }

            (sizes[axes], ls[axes], rs[axes]) = (size, lstep, rstep);
            axes++;
        }

        if (axes == 0)
        {
            (sizes[0], ls[0], rs[0]) = (1, 1, 1);
            axes = 1;
        }

        Length = length;
        Axes = axes;
        (_sizes, _left, _right) = (sizes, ls, rs);
    }

    /// <summary>Number of elements of the result.</summary>
    internal int Length { get; }

    /// <summary>Number of axes after merging, at least 1; axis 0 is the innermost.</summary>
    internal int Axes { get; }

    /// <summary>Number of elements of an innermost run.</summary>
    internal int Run => _sizes[0];

    /// <summary>Step of the left operand within a run: 0 (one value for the whole run) or 1.</summary>
    internal int LeftStep => _left[0];

    /// <summary>Step of the right operand within a run: 0 (one value for the whole run) or 1.</summary>
    internal int RightStep => _right[0];

    /// <summary>Returns the offsets in the operands at which run <paramref name="run"/> of the result starts.</summary>
    internal (int Left, int Right) Offsets(int run)
    {
        int left = 0, right = 0;
        for (int axis = 1; axis < Axes; axis++)
        {
            (run, int at) = Math.DivRem(run, _sizes[axis]);
            left += at * _left[axis];
            right += at * _right[axis];
        }

        return (left, right);
    }

    /// <summary>One value per axis.</summary>
    [InlineArray(MaxRank)]
    private struct AxisNumbers
    {
        private int _first;
    }
}
