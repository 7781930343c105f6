namespace Temper.Kernels;

/// <summary>
/// How the gradient of the weights reads the input: as windows, the runs of neighboring floats that meet the same gradient. With
/// many channels a window is a block of one tap's channels, and taps outside the image are left out. In channels-last memory a
/// kernel row's pixels lie together, so with few channels one kernel row is a window; with fewer still (a first layer) the
/// pixels under the whole kernel are copied together to be one. That way no vector is half empty.
/// </summary>
internal unsafe struct InputWindows
{
    private const int MostPatchChannels = 4;

    private const int MostPatchFloats = 80;

    /// <summary>Floats that vectors may read or write behind the last window.</summary>
    private const int Room = 64;

    private ConvolutionGeometry _geometry;
    private bool _isPadded;

    internal InputWindows(in ConvolutionGeometry g, OuterTile tile)
    {
        _geometry = g;
        bool isTogether = g.Groups == 1 && g.DilationWidth == 1 && g.KernelWidth > 1;
        IsPatch = isTogether && g.InChannels <= MostPatchChannels && g.Taps * g.InChannels <= MostPatchFloats;
        int rowVectors = tile.VectorsFor(g.KernelWidth * g.InChannels);
        int tapVectors = tile.VectorsFor(g.GroupInputs);
        _isPadded = IsPatch || (isTogether && (g.InChannels <= tile.Lanes || rowVectors * 1.05 < tapVectors * g.KernelWidth));
        int blockVectors = tile.Vectors;
        while ((tapVectors + blockVectors - 1) / blockVectors * blockVectors > tapVectors)
        {
            blockVectors--;
        }

        Blocks = _isPadded ? 1 : tapVectors / blockVectors;
        Count = IsPatch ? 1 : _isPadded ? g.KernelHeight : g.Taps;
        Pitch = tile.Lanes * (IsPatch ? tile.VectorsFor(g.Taps * g.InChannels) : _isPadded ? rowVectors : blockVectors);
        PixelDistance = IsPatch ? Pitch : _isPadded ? g.InChannels : Pitch;
        RowDistance = _isPadded ? (g.InWidth + g.PadLeft + g.PadRight) * g.InChannels : g.InWidth * Pitch;
    }

    /// <summary>Blocks of input channels.</summary>
    internal int Blocks { get; }

    /// <summary>Windows of a pixel in one block: taps, kernel rows, or one.</summary>
    internal int Count { get; }

    /// <summary>Floats of a window, rounded up to whole vectors.</summary>
    internal int Pitch { get; }

    /// <summary>Whether all of a kernel is one window.</summary>
    internal bool IsPatch { get; }

    /// <summary>Floats from one pixel's window to the next.</summary>
    internal int PixelDistance { get; }

    /// <summary>Floats from one image row to the next; unused by patches.</summary>
    internal int RowDistance { get; }

    /// <summary>Where window <paramref name="window"/> of a result pixel begins, or -1 if it is outside.</summary>
    internal readonly int Offset(int image, int row, int column, int window)
    {
        ConvolutionGeometry g = _geometry;
        if (IsPatch)
        {
            return ((((image * g.OutHeight) + row) * g.OutWidth) + column) * Pitch;
        }

        int kernelRow = _isPadded ? window : window / g.KernelWidth;
        int kernelColumn = _isPadded ? g.PadLeft : window % g.KernelWidth;
        int h = (row * g.StrideHeight) + (kernelRow * g.DilationHeight) - g.PadTop;
        int w = (column * g.StrideWidth) + (kernelColumn * g.DilationWidth) - g.PadLeft;
        bool isInside = (uint)h < (uint)g.InHeight && (_isPadded || (uint)w < (uint)g.InWidth);
        return isInside ? (((image * g.InHeight) + h) * RowDistance) + (w * PixelDistance) : -1;
    }

    /// <summary>Where the weight of a tap and an input channel stands among the sums of an output channel.</summary>
    internal readonly int SumIndex(int kernelRow, int kernelColumn, int channel)
    {
        if (!_isPadded)
        {
            return (((kernelRow * _geometry.KernelWidth) + kernelColumn) * Pitch) + channel;
        }

        int row = IsPatch ? kernelRow * _geometry.KernelWidth * _geometry.InChannels : kernelRow * Pitch;
        return row + (kernelColumn * _geometry.InChannels) + channel;
    }

    /// <summary>Copies what some pixels need. Gives the address to which <see cref="Offset"/> applies for the run's first image.</summary>
    /// <param name="x">The input.</param>
    /// <param name="run">Images and result rows.</param>
    /// <param name="channel">First channel of the block.</param>
    /// <param name="channels">Channels of the block.</param>
    internal readonly float* Copy(float* x, PixelRun run, int channel, int channels)
    {
        ConvolutionGeometry g = _geometry;
        (int first, int last) = (0, g.InHeight);
        if (run.Images == 1)
        {
            first = Math.Clamp((run.FirstRow * g.StrideHeight) - g.PadTop, 0, g.InHeight);
            last = Math.Clamp(((run.LastRow - 1) * g.StrideHeight) + ((g.KernelHeight - 1) * g.DilationHeight) - g.PadTop + 1, first, g.InHeight);
        }

        int rows = run.Images == 1 ? last - first : run.Images * g.InHeight;
        float* source = x + ((((long)run.Image * g.InHeight) + first) * g.InWidth * g.InChannels) + channel;
        float* target = Scratch.Rent(Scratch.Use.Image, ((long)rows * RowDistance) + Room);
        float* origin = target - ((long)first * RowDistance);
        if (!_isPadded)
        {
            ColumnCopies.Copy(source, g.InChannels, target, Pitch, channels, rows * g.InWidth);
            return origin;
        }

        int length = g.InWidth * g.InChannels;
        for (int row = 0; row < rows; row++, source += length, target += RowDistance)
        {
            new Span<float>(target, g.PadLeft * g.InChannels).Clear();
            new ReadOnlySpan<float>(source, length).CopyTo(new Span<float>(target + (g.PadLeft * g.InChannels), length));
            new Span<float>(target + (g.PadLeft * g.InChannels) + length, g.PadRight * g.InChannels).Clear();
        }

        return IsPatch ? CopyPatches(origin, run) : origin;
    }

    private readonly float* CopyPatches(float* rows, PixelRun run)
    {
        ConvolutionGeometry g = _geometry;
        int width = g.KernelWidth * g.InChannels;
        float* zeros = Scratch.Rent(Scratch.Use.Zeros, width + Room);
        new Span<float>(zeros, width + Room).Clear();
        float* patches = Scratch.Rent(Scratch.Use.Columns, ((long)run.Pixels(g) * Pitch) + Room);
        float* target = patches;
        for (int image = 0; image < run.Images; image++)
        {
            for (int row = run.FirstRow; row < run.LastRow; row++)
            {
                for (int kernelRow = 0; kernelRow < g.KernelHeight; kernelRow++)
                {
                    int h = (row * g.StrideHeight) + (kernelRow * g.DilationHeight) - g.PadTop;
                    bool isInside = (uint)h < (uint)g.InHeight;
                    float* source = isInside ? rows + ((((long)image * g.InHeight) + h) * RowDistance) : zeros;
                    int step = isInside ? g.StrideWidth * g.InChannels : 0;
                    ColumnCopies.Copy(source, step, target + (kernelRow * width), Pitch, width, g.OutWidth);
                }

                target += (long)g.OutWidth * Pitch;
            }
        }

        return patches - ((long)run.FirstRow * g.OutWidth * Pitch);
    }
}
