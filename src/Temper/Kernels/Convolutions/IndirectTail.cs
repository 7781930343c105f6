using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <content>Operations on a tile while it is in the L1 cache.</content>
internal static unsafe partial class IndirectConvolution
{
    /// <summary>Applies bias, addition and ReLU to a tile, and updates the statistics.</summary>
    internal static void Tail(
        in IndirectJob job, Block block, int channel, int columns, float* c, float* partial, bool isFirst)
    {
        if (job.Bias == null && job.Residual == null && !job.Relu && partial == null)
        {
            return;
        }

        var tail = new TileTail
        {
            Bias = job.Bias == null ? null : job.Bias + channel,
            Residual = job.Residual == null ? null : job.Residual + block.Offset + channel,
            Relu = job.Relu,
            Statistics = partial == null ? null : partial + channel,
            Channels = job.ResultChannels,
            IsFirst = isFirst,
            C = c,
            Distance = block.Distance,
            Rows = block.Valid,
            Columns = columns,
        };
        int j = 0;
        if (Simd.Active == SimdWidth.Vector512)
        {
            j = tail.Run<Lanes512>(j);
        }

        if (Simd.Active >= SimdWidth.Vector256)
        {
            j = tail.Run<Lanes256>(j);
        }

        if (Simd.Active >= SimdWidth.Vector128)
        {
            j = tail.Run<Lanes128>(j);
        }

        tail.Run<Lane>(j);
    }

    private struct TileTail
    {
        internal float* Bias;
        internal float* Residual;
        internal bool Relu;

        /// <summary>Pivots, sums and sums of squares of the task, each one float per channel.</summary>
        internal float* Statistics;
        internal int Channels;
        internal bool IsFirst;
        internal float* C;
        internal nint Distance;
        internal int Rows;
        internal int Columns;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly int Run<TLanes>(int j)
            where TLanes : unmanaged, ILanes<TLanes>
        {
            for (; j + TLanes.Count <= Columns; j += TLanes.Count)
            {
                Map<TLanes>(j);
                if (Statistics != null)
                {
                    Count<TLanes>(j);
                }
            }

            return j;
        }

        private readonly void Map<TLanes>(int j)
            where TLanes : unmanaged, ILanes<TLanes>
        {
            if (Bias == null && Residual == null && !Relu)
            {
                return;
            }

            TLanes bias = Bias == null ? TLanes.Zero : TLanes.Load(Bias + j);
            float* c = C + j;
            float* residual = Residual + j;
            for (int row = 0; row < Rows; row++, c += Distance)
            {
                TLanes value = TLanes.Load(c) + bias;
                if (Residual != null)
                {
                    value += TLanes.Load(residual);
                    residual += Distance;
                }

                (Relu ? TLanes.Max(value, TLanes.Zero) : value).Store(c);
            }
        }

        private readonly void Count<TLanes>(int j)
            where TLanes : unmanaged, ILanes<TLanes>
        {
            float* c = C + j;
            float* statistics = Statistics + j;
            if (IsFirst)
            {
                TLanes.Load(c).Store(statistics);
                TLanes.Zero.Store(statistics + Channels);
                TLanes.Zero.Store(statistics + (2 * Channels));
            }

            TLanes pivot = TLanes.Load(statistics);
            TLanes sum = TLanes.Load(statistics + Channels);
            TLanes squares = TLanes.Load(statistics + (2 * Channels));
            for (int row = 0; row < Rows; row++, c += Distance)
            {
                TLanes d = TLanes.Load(c) - pivot;
                sum += d;
                squares = TLanes.MultiplyAdd(d, d, squares);
            }

            sum.Store(statistics + Channels);
            squares.Store(statistics + (2 * Channels));
        }
    }
}
