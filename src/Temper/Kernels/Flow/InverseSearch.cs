namespace Temper.Kernels.Flow;

/// <summary>
/// Optical flow by dense inverse search (Kroeger, Timofte, Dai, Van Gool 2016), with the parameters of OpenCV. At each
/// pyramid level, patches are matched by gradient descent; each pixel gets the weighted mean of the patches that cover
/// it; then a variational method refines the flow. With two or more levels, the finest one is skipped.
/// </summary>
/// <param name="scales">
/// Maximum number of pyramid levels, each half the size of the previous one; fewer for small images.
/// </param>
/// <param name="patch">Side of a patch, in pixels.</param>
/// <param name="iterations">Number of descent steps per patch and level.</param>
/// <param name="refinements">Number of rounds of variational refinement per level.</param>
internal sealed class InverseSearch(int scales, int patch, int iterations, int refinements)
{
    /// <summary>Computes the flow between two gray images with levels from 0 to 255.</summary>
    internal void Flow(
        PlaneSize size, ReadOnlySpan<float> first, ReadOnlySpan<float> second, Span<float> u, Span<float> v)
    {
        int coarsest = Coarsest(size), finest = Math.Min(1, coarsest);
        Plane<float>[] one = Pyramid(size, first, coarsest), two = Pyramid(size, second, coarsest);
        Plane<float>[] flow = [new(one[coarsest].Size), new(one[coarsest].Size)];
        for (int scale = coarsest; scale >= finest; scale--)
        {
            flow = scale < coarsest ? Enlarged(flow, one[scale].Size) : flow;
            int side = Math.Min(one[scale].Size.Height, one[scale].Size.Width);
            var search = new PatchSearch(one[scale], two[scale], Math.Min(patch, side));
            search.Run(flow[0], flow[1], iterations);
            search.Densify(flow[0], flow[1]);
            new VariationalRefinement(one[scale], two[scale], flow[0], flow[1]).Run(refinements);
        }

        flow = finest > 0 ? Enlarged(flow, size) : flow;
        flow[0].Read(u);
        flow[1].Read(v);
    }

    /// <summary>
    /// Returns the coarsest level: its longer side spans about four patches, and its shorter side at least one.
    /// </summary>
    private int Coarsest(PlaneSize size)
    {
        double most = Math.Log2(Math.Max(size.Height, size.Width) / (4.0 * patch)) + 0.5;
        double least = Math.Log2(Math.Min(size.Height, size.Width) / (double)patch);
        return Math.Clamp((int)Math.Min(most, least), 0, scales - 1);
    }

    private static Plane<float>[] Pyramid(PlaneSize size, ReadOnlySpan<float> pixels, int coarsest)
    {
        var levels = new Plane<float>[coarsest + 1];
        levels[0] = new Plane<float>(size);
        levels[0].Write(pixels);
        for (int scale = 1; scale <= coarsest; scale++)
        {
            PlaneSize finer = levels[scale - 1].Size;
            levels[scale] = new Plane<float>(new PlaneSize(finer.Height / 2, finer.Width / 2));
            PlaneSampling.Resize(levels[scale - 1], levels[scale], 1f);
        }

        return levels;
    }

    private static Plane<float>[] Enlarged(Plane<float>[] flow, PlaneSize size)
    {
        Plane<float>[] result = [new(size), new(size)];
        PlaneSampling.Resize(flow[0], result[0], 2f);
        PlaneSampling.Resize(flow[1], result[1], 2f);
        return result;
    }
}
