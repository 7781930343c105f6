using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <content>The edges of the result, and what is done to it in the end.</content>
internal static unsafe partial class Gemm
{
    /// <summary>Stores a tile whose columns are no whole vectors, or adds bias and ReLU to one that is still in the first-level cache.</summary>
    private static void Store(in TileEnd end)
    {
        switch (Simd.Active)
        {
            case SimdWidth.Vector512:
                Store<Lanes512>(end);
                break;
            case SimdWidth.Vector256:
                Store<Lanes256>(end);
                break;
            case SimdWidth.Vector128:
                Store<Lanes128>(end);
                break;
            default:
                Store<Lane>(end);
                break;
        }
    }

    private static void Store<TLanes>(in TileEnd end)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        float* source = end.Source, c = end.C;
        int whole = end.Columns - (end.Columns % TLanes.Count);
        int rest = end.Columns - whole;
        for (int row = 0; row < end.Rows; row++, source += end.SourceStep, c += end.Step)
        {
            for (int j = 0; j < whole; j += TLanes.Count)
            {
                TLanes value = TLanes.Load(source + j);
                value = end.Adds ? value + TLanes.Load(c + j) : value;
                value = end.Bias != null ? value + TLanes.Load(end.Bias + j) : value;
                (end.Relu ? TLanes.Max(value, TLanes.Zero) : value).Store(c + j);
            }

            if (rest > 0)
            {
                TLanes value = TLanes.LoadFirst(rest, source + whole);
                value = end.Adds ? value + TLanes.LoadFirst(rest, c + whole) : value;
                value = end.Bias != null ? value + TLanes.LoadFirst(rest, end.Bias + whole) : value;
                (end.Relu ? TLanes.Max(value, TLanes.Zero) : value).StoreFirst(rest, c + whole);
            }
        }
    }

    /// <summary>The product of nothing: zeros, then bias and ReLU.</summary>
    private static void WithoutDepth(Job* job)
    {
        for (int row = 0; row < job->M; row++)
        {
            float* c = job->C + ((long)row * job->N);
            if (!job->Accumulate)
            {
                new Span<float>(c, job->N).Clear();
            }

            Store(new TileEnd { Source = c, C = c, Rows = 1, Columns = job->N, Bias = job->Bias, Relu = job->Relu });
        }
    }

    /// <summary>From where to where a tile goes, and what happens on the way.</summary>
    private struct TileEnd
    {
        internal float* Source;
        internal int SourceStep;
        internal float* C;
        internal int Step;
        internal int Rows;
        internal int Columns;
        internal float* Bias;
        internal bool Relu;
        internal bool Adds;
    }
}
