namespace Temper.Kernels;

/// <summary>What a product does to each result before it is stored for good.</summary>
internal readonly ref struct GemmEpilogue
{
    /// <summary>Added to each row; empty for none.</summary>
    internal ReadOnlySpan<float> Bias { get; init; }

    /// <summary>Whether negative results become zero, after the bias.</summary>
    internal bool Relu { get; init; }
}

/// <summary>
/// Products of float matrices: one register tile, tasks that depend on the sizes only. The left operand is read where
/// it lies
/// if its rows are together. The right one is read where it lies too, and packed on the way by the first rows of a task
/// where more
/// rows follow.
/// </summary>
/// <remarks>
/// Every result is the same chain of additions over the depth, cut at the same indices, however the work is split:
/// bytes depend on neither the threads nor the tiling.
/// </remarks>
internal static unsafe class Gemm
{
    /// <summary><c>C = A B</c>, or <c>C += A B</c>.</summary>
    /// <param name="a"><c>[M, K]</c>.</param>
    /// <param name="b"><c>[K, N]</c>.</param>
    /// <param name="c">Receives <c>[M, N]</c>, row-major without gaps; must not overlap the operands.</param>
    /// <param name="accumulate">Whether to add to what <paramref name="c"/> holds.</param>
    internal static void Multiply(MatrixView a, MatrixView b, Span<float> c, bool accumulate = false) =>
        Multiply(a, b, c, default, accumulate);

    /// <inheritdoc cref="Multiply(MatrixView, MatrixView, Span{float}, bool)"/>
    /// <param name="a"><c>[M, K]</c>.</param>
    /// <param name="b"><c>[K, N]</c>.</param>
    /// <param name="c">Receives <c>[M, N]</c>, row-major without gaps; must not overlap the operands.</param>
    /// <param name="epilogue">Bias and ReLU.</param>
    /// <param name="accumulate">Whether to add to what <paramref name="c"/> holds.</param>
    /// <param name="choice">Batch invariant: a row of the result is the same bytes for any number of rows.</param>
    internal static void Multiply(
        MatrixView a, MatrixView b, Span<float> c, GemmEpilogue epilogue, bool accumulate = false,
        KernelChoice choice = KernelChoice.Fastest)
    {
        (int m, int n, int k) = (a.Rows, b.Columns, a.Columns);
        if (b.Rows != k || c.Length < (long)m * n || (!epilogue.Bias.IsEmpty && epilogue.Bias.Length != n))
        {
            throw new ArgumentException(
                $"matrix product: sizes do not fit (got [{m}, {k}] and [{b.Rows}, {n}], {c.Length} results)");
        }

        if (m == 0 || n == 0)
        {
            return;
        }

        fixed (float* pa = a.Data, pb = b.Data, pc = c, bias = epilogue.Bias)
        {
            var plan = new GemmPlan
            {
                M = m, N = n, K = k, A = pa, LeftStride = a.Stride, LeftTransposed = a.IsTransposed,
                B = pb, RightStride = b.Stride, RightTransposed = b.IsTransposed,
                C = pc, Bias = bias, Relu = epilogue.Relu, Accumulate = accumulate,
                OneRowIsVector = choice == KernelChoice.Fastest,
            };
            Run(&plan);
        }
    }

    /// <summary><c>C = A Wᵀ</c> with weights that were packed before.</summary>
    /// <param name="m">Rows of A.</param>
    /// <param name="n">Rows of W.</param>
    /// <param name="k">Columns of both.</param>
    /// <param name="a"><c>[M, K]</c>.</param>
    /// <param name="panels">W in panels; null: A has one row, and W is read as it lies.</param>
    /// <param name="w"><c>[N, K]</c>, read where there are no panels.</param>
    /// <param name="c">Receives <c>[M, N]</c>.</param>
    /// <param name="tail">Bias and ReLU.</param>
    internal static void MultiplyPacked(
        int m, int n, int k, float* a, float* panels, float* w, float* c, in LayerTail tail)
    {
        var plan = new GemmPlan
        {
            M = m, N = n, K = k, A = a, LeftStride = k, B = w, RightStride = k, RightTransposed = true, Panels = panels,
            C = c,
            Bias = tail.Bias is null ? null : tail.Bias.Pointer, Relu = tail.Relu,
            OneRowIsVector = true,
        };
        if (m > 0 && n > 0)
        {
            Run(&plan);
        }
    }

    private static void Run(GemmPlan* plan)
    {
        if (plan->K == 0)
        {
            GemmEnds.WithoutDepth(plan);
        }
        else if (plan->Panels == null && (plan->HasVectorLeft || plan->N == 1))
        {
            GemmVector.Multiply(plan);
        }
        else
        {
            plan->Cut();
            WorkerPool.Current.Run(&GemmTasks.Run, plan, plan->RowGroups * plan->ColumnGroups);
        }
    }
}
