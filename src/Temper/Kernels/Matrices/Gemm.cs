namespace Temper.Kernels;

/// <summary>Operations applied to each result of a product before it is stored.</summary>
internal readonly ref struct GemmEpilogue
{
    /// <summary>Added to each row; empty: none.</summary>
    internal ReadOnlySpan<float> Bias { get; init; }

    /// <summary>Whether to apply a ReLU after the bias.</summary>
    internal bool Relu { get; init; }
}

/// <summary>
/// Products of float matrices, computed in register tiles by tasks that depend only on the sizes. The left operand is
/// read directly if its rows are contiguous. The right operand is also read directly; if a task has more rows than one
/// tile, its first rows may pack the right operand for the others.
/// </summary>
/// <remarks>
/// Every result is the same chain of additions over the depth, split at the same indices for every division of the
/// work. The bytes therefore do not depend on the number of threads or on the tiling.
/// </remarks>
internal static unsafe class Gemm
{
    /// <summary>Computes <c>C = A B</c> or <c>C += A B</c>.</summary>
    /// <param name="a"><c>[M, K]</c>.</param>
    /// <param name="b"><c>[K, N]</c>.</param>
    /// <param name="c">Receives <c>[M, N]</c>, row-major and contiguous; must not overlap the operands.</param>
    /// <param name="accumulate">Whether to add to the contents of <paramref name="c"/>.</param>
    internal static void Multiply(MatrixView a, MatrixView b, Span<float> c, bool accumulate = false) =>
        Multiply(a, b, c, default, accumulate);

    /// <inheritdoc cref="Multiply(MatrixView, MatrixView, Span{float}, bool)"/>
    /// <param name="a"><c>[M, K]</c>.</param>
    /// <param name="b"><c>[K, N]</c>.</param>
    /// <param name="c">Receives <c>[M, N]</c>, row-major and contiguous; must not overlap the operands.</param>
    /// <param name="epilogue">Bias and ReLU.</param>
    /// <param name="accumulate">Whether to add to the contents of <paramref name="c"/>.</param>
    /// <param name="choice">Batch invariant: a row of the result is the same bytes for any number of rows.</param>
    internal static void Multiply(
        MatrixView a, MatrixView b, Span<float> c, GemmEpilogue epilogue, bool accumulate = false,
        KernelChoice choice = KernelChoice.Fastest)
    {
        (int m, int n, int k) = (a.Rows, b.Columns, a.Columns);
        if (b.Rows != k || c.Length < (long)m * n || (!epilogue.Bias.IsEmpty && epilogue.Bias.Length != n))
        {
            throw new ArgumentException(
                $"matrix product: wrong sizes (got [{m}, {k}] and [{b.Rows}, {n}], {c.Length} results)");
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

    /// <summary>Computes <c>C = A Wᵀ</c> with weights packed earlier.</summary>
    /// <param name="m">Rows of A.</param>
    /// <param name="n">Rows of W.</param>
    /// <param name="k">Columns of A and W.</param>
    /// <param name="a"><c>[M, K]</c>.</param>
    /// <param name="panels">W in panels; null: A has one row, and W is read directly.</param>
    /// <param name="w"><c>[N, K]</c>; read only without panels.</param>
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
