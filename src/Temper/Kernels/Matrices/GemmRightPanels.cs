namespace Temper.Kernels;

/// <summary>
/// Panels of the right operand that one task reads at one depth. If packing pays, the tiles pack while they compute:
/// the first rows pack the first panel just before they read it, and the other rows pack part of the next panel well
/// before it is needed. This hides memory latency, and no task reads data that another core has just written.
/// </summary>
internal unsafe struct GemmRightPanels(GemmPlan* plan, GemmPart panels, GemmPart depth, bool isUsedAgain)
{
    /// <summary>
    /// Number of rows prefetched ahead of a copy: enough to hide memory latency, and few enough to stay cached despite
    /// a bad stride.
    /// </summary>
    private const int RowsAhead = 4, RowsAheadAtOnce = 8;

    private readonly bool _packs = isUsedAgain && plan->PacksRight;
    private readonly float* _rows = plan->B + ((long)depth.Start * plan->RightStride);
    private float* _packed;
    private float* _packedNext;
    private GemmPanelCopy _copy;
    private GemmPanelCopy _copyNext;
    private bool _isNextBegun;

    /// <summary>First row of the panel, as read by tiles.</summary>
    internal float* Rows { get; private set; }

    /// <summary>Floats between rows.</summary>
    internal int Step { get; private set; }

    /// <summary>Selects a panel: locates it, packs it, or lets the tiles pack it.</summary>
    internal void Take(int panel)
    {
        GemmPart vectors = plan->Panel(panel);
        if (plan->Panels != null)
        {
            int lanes = GemmTile.Active.Lanes;
            Step = vectors.Count * lanes;
            Rows = plan->Panels + ((long)vectors.Start * lanes * plan->K) + ((long)depth.Start * Step);
            return;
        }

        bool isWhole = IsWhole(vectors);
        if (isWhole && !_packs)
        {
            Rows = First(vectors);
            Step = plan->RightStride;
            return;
        }

        if (_packed == null)
        {
            int size = GemmTile.Active.Columns * depth.Count;
            _packed = Scratch.Rent(Scratch.Use.Right, 2L * size);
            _packedNext = _packed + size;
        }

        if (isWhole)
        {
            LetPack(vectors, panel + 1 < panels.End ? plan->Panel(panel + 1) : default);
        }
        else
        {
            GemmPacking.PackRight(plan, vectors, depth, _packed);
        }

        Rows = _packed;
        Step = vectors.Count * GemmTile.Active.Lanes;
    }

    private void LetPack(GemmPart vectors, GemmPart next)
    {
        if (_isNextBegun)
        {
            float* packed = _packedNext;
            _packedNext = _packed;
            _packed = packed;
            int width = vectors.Count * GemmTile.Active.Lanes;
            GemmPacking.CopyPanel(_copyNext.Source, plan->RightStride, width, _copyNext.Rows, width, _copyNext.Target);
            _copyNext.Rows = 0;
        }
        else
        {
            Begin(ref _copy, vectors, _packed, GemmPanelCopy.StepsPerCopy, RowsAheadAtOnce);
        }

        _isNextBegun = next.Count == vectors.Count && IsWhole(next);
        if (_isNextBegun)
        {
            Begin(ref _copyNext, next, _packedNext, 1, RowsAhead);
        }
    }

    /// <summary>Returns the copy that the next tile makes while it computes; null: none.</summary>
    internal static GemmPanelCopy* Copy(GemmRightPanels* panels) =>
        panels->_copy.Rows > 0 ? &panels->_copy : panels->_copyNext.Rows > 0 ? &panels->_copyNext : null;

    private readonly void Begin(ref GemmPanelCopy copy, GemmPart vectors, float* target, int rowsAtOnce, int rowsAhead)
    {
        copy.Source = First(vectors);
        copy.SourceStep = plan->RightStride;
        copy.Ahead = (nint)rowsAhead * plan->RightStride;
        copy.Target = target;
        copy.Rows = depth.Count;
        copy.RowsAtOnce = rowsAtOnce;
    }

    /// <summary>Whether the panel consists of whole vectors that can be read directly from the operand.</summary>
    private readonly bool IsWhole(GemmPart vectors) =>
        !plan->RightTransposed && vectors.End * GemmTile.Active.Lanes <= plan->N;

    private readonly float* First(GemmPart vectors) => _rows + (vectors.Start * GemmTile.Active.Lanes);
}
