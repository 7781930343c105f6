namespace Temper.Kernels;

/// <summary>
/// 3x3 convolution at stride 1 with Winograd's F(4x4, 3x3): 36 multiplications per pair of channels for 16 pixels,
/// instead of 144. A task processes some tiles and some result channels. For each block of summed channels, it
/// transforms filters and pixels and multiplies them; at the end it transforms the sums to results. Its data stays in
/// the L2 cache.
/// </summary>
/// <remarks>
/// Lavin and Gray, arXiv:1509.09308, with different interpolation points; see <see cref="IWinogradTransform"/>.
/// </remarks>
internal static unsafe class WinogradConvolution
{
    internal static void Run(
        ref IndirectJob convolution, int padTop, int padLeft, Span<float> mean, Span<float> variance)
    {
        IndirectConvolution.Pack(ref convolution);
        Run(new WinogradJob(convolution, padTop, padLeft), mean, variance);
    }

    /// <summary>Runs a job with packed weights or transformed filters.</summary>
    internal static void Run(WinogradJob job, Span<float> mean, Span<float> variance)
    {
        WorkerPool.Current.Run(&Task, &job, job.Tiling.RowTasks * job.Tiling.ColumnBlocks);
        if (job.Convolution.GathersStatistics)
        {
            job.Convolution.Statistics.Merge(mean, variance);
        }
    }

    private static void Task(void* state, int number)
    {
        ref WinogradJob job = ref *(WinogradJob*)state;
        (int block, int task) = Math.DivRem(number, job.Tiling.RowTasks);
        var products = new WinogradProducts(job, task, job.Columns(block));
        bool isFirst = true;
        for (int k = 0; k < job.DepthBlocks; k++)
        {
            isFirst &= !products.Add(job.Depths(k), isFirst);
        }

        products.TransformSums();
    }
}
