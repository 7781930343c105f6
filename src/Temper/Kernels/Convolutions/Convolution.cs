namespace Temper.Kernels;

/// <summary>
/// 2-D convolution of channels-last images, and its gradients, without an im2col buffer. The forward pass and the input
/// gradient read images through tables of pointers; the weight gradient uses rank-one updates.
/// </summary>
/// <remarks>
/// Weights <c>[O, C / groups, KH, KW]</c> are packed at each call. Results are bitwise identical for any number of
/// threads.
/// </remarks>
internal static unsafe class Convolution
{
    /// <summary>Computes a convolution.</summary>
    /// <param name="geometry">Sizes of the convolution.</param>
    /// <param name="x">Input <c>[N, H, W, C]</c>.</param>
    /// <param name="weight">Weights <c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="y">Receives the result <c>[N, OH, OW, O]</c>.</param>
    /// <param name="epilogue">Bias, addition, ReLU and statistics.</param>
    internal static void Forward(
        in ConvolutionGeometry geometry, ReadOnlySpan<float> x, ReadOnlySpan<float> weight, Span<float> y,
        ConvolutionEpilogue epilogue)
    {
        geometry.Check(x.Length, weight.Length, y.Length);
        if (y.IsEmpty)
        {
            epilogue.Mean.Clear();
            epilogue.Variance.Clear();
            return;
        }

        ConvolutionGeometry g = geometry;
        int* rows = (int*)Scratch.Rent(
            Scratch.Use.Maps, ((long)g.OutHeight * g.KernelHeight) + ((long)g.OutWidth * g.KernelWidth));
        int* columns = rows + (g.OutHeight * g.KernelHeight);
        KernelMap.Forward(rows, g.OutHeight, g.InHeight, g.KernelHeight, g.StrideHeight, g.DilationHeight, g.PadTop);
        KernelMap.Forward(columns, g.OutWidth, g.InWidth, g.KernelWidth, g.StrideWidth, g.DilationWidth, g.PadLeft);
        fixed (float* px = x, pw = weight, py = y, bias = epilogue.Bias, residual = epilogue.Residual)
        {
            var job = new IndirectJob
            {
                Batch = g.Batch, KernelHeight = g.KernelHeight, KernelWidth = g.KernelWidth, RowMap = rows,
                ColumnMap = columns,
                Source = px, SourceHeight = g.InHeight, SourceWidth = g.InWidth, SourceChannels = g.InChannels,
                Depth = g.GroupInputs,
                Result = py, ResultHeight = g.OutHeight, ResultWidth = g.OutWidth, ResultChannels = g.OutChannels,
                Columns = g.GroupOutputs,
                Weight = pw, Groups = g.Groups, Bias = bias, Residual = residual, Relu = epilogue.Relu,
                GathersStatistics = !epilogue.Mean.IsEmpty,
            };
            if (g.IsDepthwise)
            {
                DepthwiseConvolution.Run(ref job);
                if (job.GathersStatistics)
                {
                    Normalization.Statistics(y, epilogue.Mean, epilogue.Variance);
                }

                return;
            }

            if (Winograd.IsFaster(g, isBackward: false))
            {
                WinogradConvolution.Run(ref job, g.PadTop, g.PadLeft, epilogue.Mean, epilogue.Variance);
                return;
            }

            if (MergedRows.Fit(g))
            {
                job.Weight = Scratch.Rent(Scratch.Use.Columns, g.WeightCount);
                MergedRows.Weights(g, pw, job.Weight);
                MergedRows.Prepare(g, px).Apply(g, ref job);
            }

            IndirectConvolution.Run(ref job, epilogue.Mean, epilogue.Variance);
        }
    }

    /// <summary>Computes the gradient of the input.</summary>
    /// <param name="geometry">Sizes of the convolution (forward pass).</param>
    /// <param name="dy">Output gradient <c>[N, OH, OW, O]</c>.</param>
    /// <param name="weight">Weights <c>[O, C / groups, KH, KW]</c>.</param>
    /// <param name="dx">Receives the input gradient <c>[N, H, W, C]</c>.</param>
    internal static void BackwardData(
        in ConvolutionGeometry geometry, ReadOnlySpan<float> dy, ReadOnlySpan<float> weight, Span<float> dx)
    {
        geometry.Check(dx.Length, weight.Length, dy.Length);
        if (dx.IsEmpty)
        {
            return;
        }

        if (dy.IsEmpty)
        {
            dx.Clear();
            return;
        }

        ConvolutionGeometry g = geometry;
        int* rows = (int*)Scratch.Rent(
            Scratch.Use.Maps, ((long)g.InHeight * g.KernelHeight) + ((long)g.InWidth * g.KernelWidth));
        int* columns = rows + (g.InHeight * g.KernelHeight);
        KernelMap.Backward(rows, g.InHeight, g.OutHeight, g.KernelHeight, g.StrideHeight, g.DilationHeight, g.PadTop);
        KernelMap.Backward(columns, g.InWidth, g.OutWidth, g.KernelWidth, g.StrideWidth, g.DilationWidth, g.PadLeft);
        fixed (float* pd = dy, pw = weight, px = dx)
        {
            var job = new IndirectJob
            {
                Batch = g.Batch, KernelHeight = g.KernelHeight, KernelWidth = g.KernelWidth, RowMap = rows,
                ColumnMap = columns,
                Source = pd, SourceHeight = g.OutHeight, SourceWidth = g.OutWidth, SourceChannels = g.OutChannels,
                Depth = g.GroupOutputs,
                Result = px, ResultHeight = g.InHeight, ResultWidth = g.InWidth, ResultChannels = g.InChannels,
                Columns = g.GroupInputs,
                Weight = pw, Groups = g.Groups, IsBackward = true,
            };
            if (g.IsDepthwise)
            {
                DepthwiseConvolution.Run(ref job);
                return;
            }

            if (Winograd.IsFaster(g, isBackward: true))
            {
                // The input gradient is the convolution of the output gradient with the filters rotated by 180 degrees.
                WinogradConvolution.Run(
                    ref job, g.KernelHeight - 1 - g.PadTop, g.KernelWidth - 1 - g.PadLeft, default, default);
                return;
            }

            if (SingleChannelGradient.Fit(g))
            {
                SingleChannelGradient.Run(job);
                return;
            }

            if (MergedColumns.Fit(g))
            {
                MergedColumns.Run(job);
                return;
            }

            IndirectConvolution.Run(ref job, default, default);
        }
    }

    /// <summary>Computes the gradient of the weights.</summary>
    /// <param name="geometry">Sizes of the convolution (forward pass).</param>
    /// <param name="x">Input <c>[N, H, W, C]</c>.</param>
    /// <param name="dy">Output gradient <c>[N, OH, OW, O]</c>.</param>
    /// <param name="dw">Receives the weight gradient <c>[O, C / groups, KH, KW]</c>.</param>
    internal static void BackwardWeights(
        in ConvolutionGeometry geometry, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dw)
    {
        geometry.Check(x.Length, dw.Length, dy.Length);
        dw.Clear();
        if (x.IsEmpty || dy.IsEmpty || dw.IsEmpty)
        {
            return;
        }

        fixed (float* px = x, pd = dy, pw = dw)
        {
            if (geometry.IsDepthwise)
            {
                DepthwiseConvolution.Weights(geometry, px, pd, pw);
            }
            else if (Winograd.IsFasterForWeights(geometry))
            {
                WinogradGradient.Run(geometry, px, pd, pw);
            }
            else
            {
                WeightGradient.Run(geometry, px, pd, pw);
            }
        }
    }
}
