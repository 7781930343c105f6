using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Handles partial tiles at the edges of the result, and applies bias and ReLU.</summary>
internal static unsafe class GemmEnds
{
    /// <summary>
    /// Stores a tile whose width is not a multiple of the vector width, or applies bias and ReLU to a tile that is
    /// still in the L1 cache.
    /// </summary>
    internal static void Store(in GemmTileEnd end)
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

    private static void Store<TLanes>(in GemmTileEnd end)
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

    /// <summary>Computes a product with depth 0: zeros, then bias and ReLU.</summary>
    internal static void WithoutDepth(GemmPlan* plan)
    {
        for (int row = 0; row < plan->M; row++)
        {
            float* c = plan->C + ((long)row * plan->N);
            if (!plan->Accumulate)
            {
                new Span<float>(c, plan->N).Clear();
            }

            Store(new GemmTileEnd
            {
                Source = c, C = c, Rows = 1, Columns = plan->N, Bias = plan->Bias, Relu = plan->Relu,
            });
        }
    }
}

/// <summary>Source, target and final operations of a tile.</summary>
internal unsafe struct GemmTileEnd
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
