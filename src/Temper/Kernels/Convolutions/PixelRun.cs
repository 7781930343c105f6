namespace Temper.Kernels;

/// <summary>Result pixels that are processed together: some rows of one image, or several whole images.</summary>
internal readonly record struct PixelRun(int Image, int Images, int FirstRow, int LastRow)
{
    internal int Pixels(in ConvolutionGeometry g) => Images * (LastRow - FirstRow) * g.OutWidth;
}
