namespace Temper.Kernels;

/// <summary>Pixels of a result that are handled together: some rows of one image, or some whole images.</summary>
internal readonly record struct PixelRun(int Image, int Images, int FirstRow, int LastRow)
{
    internal int Pixels(in ConvolutionGeometry g) => Images * (LastRow - FirstRow) * g.OutWidth;
}
