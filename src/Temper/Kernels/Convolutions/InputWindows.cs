namespace Temper.Kernels;

/// <summary>
/// Layout in which the weight gradient reads the input. A window is a run of contiguous floats that is multiplied by
/// the same output gradients. With many channels, a window holds a block of channels of one kernel position; kernel
/// positions outside the image are skipped. With few channels, a window holds a whole kernel row, whose pixels are
/// contiguous in channels-last memory. With very few channels, as in a first layer, a window is narrower than a vector;
/// vectors then hold output channels instead.
/// </summary>
internal unsafe struct InputWindows
{
    private const int MaxNarrowChannels = 4;

    /// <summary>Number of floats that vectors may read or write past the last window.</summary>
    private const int SpareFloats = 64;

    private ConvolutionGeometry _geometry;
    private bool _isPadded;

    internal InputWindows(in ConvolutionGeometry g, OuterTile tile)
    {
        _geometry = g;
        bool isTogether = g.Groups == 1 && g.DilationWidth == 1 && g.KernelWidth > 1;
        IsNarrow = isTogether && g.InChannels <= MaxNarrowChannels;
        int rowVectors = tile.VectorsFor(g.KernelWidth * g.InChannels);
        int positionVectors = tile.VectorsFor(g.GroupInputs);
        _isPadded = IsNarrow
            || (isTogether && (g.InChannels <= tile.Lanes || rowVectors * 1.05 < positionVectors * g.KernelWidth));
        int blockVectors = tile.Vectors;
        while ((positionVectors + blockVectors - 1) / blockVectors * blockVectors > positionVectors)
        {
            blockVectors--;
        }

        Blocks = _isPadded ? 1 : positionVectors / blockVectors;
        Count = _isPadded ? g.KernelHeight : g.Positions;
        Pitch = IsNarrow ? g.KernelWidth * g.InChannels : tile.Lanes * (_isPadded ? rowVectors : blockVectors);
        PixelDistance = _isPadded ? g.InChannels : Pitch;
        RowDistance = _isPadded ? (g.InWidth + g.PadLeft + g.PadRight) * g.InChannels : g.InWidth * Pitch;
    }

    /// <summary>Number of blocks of input channels.</summary>
    internal int Blocks { get; }

    /// <summary>Number of windows per pixel and block: kernel positions or kernel rows.</summary>
    internal int Count { get; }

    /// <summary>Size of a window, in floats; rounded up to whole vectors unless <see cref="IsNarrow"/>.</summary>
    internal int Pitch { get; }

    /// <summary>Whether vectors hold output channels instead of the floats of a window.</summary>
    internal bool IsNarrow { get; }

    /// <summary>Distance between the windows of adjacent pixels, in floats.</summary>
    internal int PixelDistance { get; }

    /// <summary>Distance between image rows, in floats.</summary>
    internal int RowDistance { get; }

    /// <summary>
    /// Returns the offset of window <paramref name="window"/> of a result pixel; -1 if it is outside the image.
    /// </summary>
    internal readonly int Offset(int image, int row, int column, int window)
    {
        ConvolutionGeometry g = _geometry;
        int kernelRow = _isPadded ? window : window / g.KernelWidth;
        int kernelColumn = _isPadded ? g.PadLeft : window % g.KernelWidth;
        int h = (row * g.StrideHeight) + (kernelRow * g.DilationHeight) - g.PadTop;
        int w = (column * g.StrideWidth) + (kernelColumn * g.DilationWidth) - g.PadLeft;
        bool isInside = (uint)h < (uint)g.InHeight && (_isPadded || (uint)w < (uint)g.InWidth);
        return isInside ? (((image * g.InHeight) + h) * RowDistance) + (w * PixelDistance) : -1;
    }

    /// <summary>
    /// Returns the index of the weight of a kernel position and input channel among the sums of an output channel.
    /// </summary>
    internal readonly int SumIndex(int kernelRow, int kernelColumn, int channel)
    {
        if (!_isPadded)
        {
            return (((kernelRow * _geometry.KernelWidth) + kernelColumn) * Pitch) + channel;
        }

        return (kernelRow * Pitch) + (kernelColumn * _geometry.InChannels) + channel;
    }

    /// <summary>
    /// Copies the input of some pixels to scratch memory. Returns the address to which <see cref="Offset"/> is added
    /// for the first image of the run.
    /// </summary>
    /// <param name="x">Input <c>[N, H, W, C]</c>.</param>
    /// <param name="run">Images and result rows.</param>
    /// <param name="channel">First channel of the block.</param>
    /// <param name="channels">Number of channels of the block.</param>
    internal readonly float* Copy(float* x, PixelRun run, int channel, int channels)
    {
        ConvolutionGeometry g = _geometry;
        (int first, int last) = (0, g.InHeight);
        if (run.Images == 1)
        {
            first = Math.Clamp((run.FirstRow * g.StrideHeight) - g.PadTop, 0, g.InHeight);
            last = Math.Clamp(
                ((run.LastRow - 1) * g.StrideHeight) + ((g.KernelHeight - 1) * g.DilationHeight) - g.PadTop + 1, first,
                g.InHeight);
        }

        int rows = run.Images == 1 ? last - first : run.Images * g.InHeight;
        float* source = x + ((((long)run.Image * g.InHeight) + first) * g.InWidth * g.InChannels) + channel;
        float* target = Scratch.Rent(Scratch.Use.Image, ((long)rows * RowDistance) + SpareFloats);
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
            new ReadOnlySpan<float>(source, length)
                .CopyTo(new Span<float>(target + (g.PadLeft * g.InChannels), length));
            new Span<float>(target + (g.PadLeft * g.InChannels) + length, g.PadRight * g.InChannels).Clear();
        }

        return origin;
    }
}
