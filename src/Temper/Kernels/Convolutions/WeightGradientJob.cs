namespace Temper.Kernels;

/// <summary>Sizes, tables and memory of a weight gradient.</summary>
internal unsafe struct WeightGradientJob
{
    /// <summary>Target number of pixels per run: with 32 input channels they fill most of the L1 cache.</summary>
    private const int RunPixels = 256;

    /// <summary>
    /// Number of tasks that keeps a machine busy. More tasks would cost additional copies of the gradient or the sums.
    /// </summary>
    private const int Tasks = 16;

    /// <summary>Limit of the total size of the sums of all parts, in floats.</summary>
    private const long MaxSums = 1024 * 1024;

    /// <summary>Number of multiplications worth a separate task.</summary>
    private const long TaskWork = 2 * 1024 * 1024;

    internal ConvolutionGeometry Geometry;
    internal InputWindows Windows;
    internal float* X;
    internal float* Dy;
    internal float* Dw;

    /// <summary>
    /// The sums <c>[part][block][output][window][pitch]</c>; for narrow windows
    /// <c>[part][window][pitch][output, padded to vectors]</c>.
    /// </summary>
    internal float* Sums;
    internal int Group;
    private readonly int _images;
    private readonly int _rows;
    private int* _starts;
    private int* _offsets;

    internal WeightGradientJob(in ConvolutionGeometry g)
    {
        Geometry = g;
        Windows = new InputWindows(g, OuterTile.Active);
        OutputPitch = OuterTile.Active.VectorsFor(g.OutChannels) * OuterTile.Active.Lanes;
        int pixels = g.OutHeight * g.OutWidth;
        _images = Math.Clamp(RunPixels / pixels, 1, g.Batch);
        _rows = _images > 1 ? g.OutHeight : Math.Clamp(RunPixels / g.OutWidth, 1, g.OutHeight);
        Runs = _images > 1 ? Chunks.Count(g.Batch, _images) : g.Batch * Chunks.Count(g.OutHeight, _rows);
        long work = g.Batch * (long)pixels * g.WeightCount / g.Groups;
        int parts = (int)Math.Clamp(Math.Min(Math.Min(Tasks, MaxSums / SumCount), work / TaskWork), 1, Runs);
        RunsPerPart = Chunks.Count(Runs, parts);
        Parts = Chunks.Count(Runs, RunsPerPart);
        BlockGroups = Math.Min(Windows.Blocks, Chunks.Count(Tasks, Parts));
        OutputBlocks = Chunks.Count(g.GroupOutputs, OuterTile.Active.Rows);
        MaxPixels = _images * pixels;
    }

    internal int Runs { get; }

    internal int RunsPerPart { get; }

    /// <summary>Number of parts of the pixels with separate sums; depends on the sizes only.</summary>
    internal int Parts { get; }

    /// <summary>Number of groups of input-channel blocks; each is a separate task.</summary>
    internal int BlockGroups { get; }

    /// <summary>Number of tiles of output channels, of sizes as equal as possible.</summary>
    internal int OutputBlocks { get; }

    /// <summary>Number of entries in the table of one window.</summary>
    internal int MaxPixels { get; }

    /// <summary>Number of output channels, rounded up to whole vectors.</summary>
    internal int OutputPitch { get; }

    /// <summary>Number of sums of one block of input channels.</summary>
    internal readonly long BlockCount =>
        (Windows.IsNarrow ? OutputPitch : (long)Geometry.GroupOutputs) * Windows.Count * Windows.Pitch;

    /// <summary>Distance between the gradients of adjacent pixels, in floats.</summary>
    private readonly int GradientDistance => Windows.IsNarrow ? Geometry.OutChannels : OuterTile.Active.Rows;

    internal readonly long SumCount => Windows.Blocks * BlockCount;

    internal readonly float* SumsOf(int part, int block) =>
        Sums + ((((long)part * Windows.Blocks) + block) * BlockCount);

    internal readonly int FirstOutput(int block) => Geometry.GroupOutputs * block / OutputBlocks;

    internal readonly PixelRun RunAt(int run)
    {
        if (_images > 1)
        {
            return new PixelRun(
                run * _images, Math.Min(_images, Geometry.Batch - (run * _images)), 0, Geometry.OutHeight);
        }

        int perImage = Chunks.Count(Geometry.OutHeight, _rows);
        int first = run % perImage * _rows;
        return new PixelRun(run / perImage, 1, first, Math.Min(first + _rows, Geometry.OutHeight));
    }

    /// <summary>
    /// Returns the offsets into the output gradient for one window. The offsets into the input follow,
    /// <see cref="MaxPixels"/> entries later.
    /// </summary>
    internal readonly int* Offsets(int window) => _offsets + (2L * window * MaxPixels);

    /// <summary>Returns the range of a run's entries in the table of a window.</summary>
    internal readonly (int First, int Count) PixelsOf(PixelRun run, int window)
    {
        int* starts = _starts + (window * ((_images * Geometry.OutHeight) + 1));
        int first = starts[run.FirstRow];
        return (first, starts[((run.Images - 1) * Geometry.OutHeight) + run.LastRow] - first);
    }

    /// <summary>Fills the tables of offsets. They are the same for every run.</summary>
    internal void FillOffsets()
    {
        int rows = _images * Geometry.OutHeight;
        long starts = Windows.Count * (rows + 1L);
        _starts = (int*)Scratch.Rent(Scratch.Use.Pointers, starts + (2L * Windows.Count * MaxPixels));
        _offsets = _starts + starts;
        for (int window = 0; window < Windows.Count; window++)
        {
            int* offsets = Offsets(window);
            int count = 0;
            for (int row = 0; row < rows; row++)
            {
                _starts[(window * (rows + 1)) + row] = count;
                for (int column = 0; column < Geometry.OutWidth; column++)
                {
                    int offset = Windows.Offset(row / Geometry.OutHeight, row % Geometry.OutHeight, column, window);
                    if (offset >= 0)
                    {
                        offsets[count] = ((row * Geometry.OutWidth) + column) * GradientDistance;
                        offsets[MaxPixels + count] = offset;
                        count++;
                    }
                }
            }

            _starts[(window * (rows + 1)) + rows] = count;
        }
    }

    /// <summary>
    /// Returns the output gradient of a run, as the base address for the offsets of its first image. For narrow windows
    /// it is used in place, unless the last vector would reach past its end. Otherwise it is copied as
    /// <c>[output block][pixel][row of the tile]</c>.
    /// </summary>
    internal readonly float* Gradients(PixelRun run)
    {
        int pixels = run.Pixels(Geometry);
        long pixel = (((long)run.Image * Geometry.OutHeight) + run.FirstRow) * Geometry.OutWidth;
        float* source = Dy + (pixel * Geometry.OutChannels) + ((long)Group * Geometry.GroupOutputs);
        int first = run.FirstRow * Geometry.OutWidth * GradientDistance;
        if (Windows.IsNarrow)
        {
            bool isLast = run.Image + run.Images == Geometry.Batch && run.LastRow == Geometry.OutHeight;
            return (isLast && OutputPitch != Geometry.OutChannels ? CopyPadded(source, pixels) : source) - first;
        }

        int rows = OuterTile.Active.Rows;
        float* target = Scratch.Rent(Scratch.Use.Left, (long)OutputBlocks * pixels * rows);
        for (int block = 0; block < OutputBlocks; block++)
        {
            int output = FirstOutput(block);
            ColumnCopies.Copy(
                source + output, Geometry.OutChannels, target + ((long)block * pixels * rows), rows,
                FirstOutput(block + 1) - output, pixels);
        }

        return target - first;
    }

    private readonly float* CopyPadded(float* source, int pixels)
    {
        int count = pixels * Geometry.OutChannels;
        float* target = Scratch.Rent(Scratch.Use.Left, count + OutputPitch);
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
        new Span<float>(target + count, OutputPitch).Clear();
        return target;
    }

    /// <summary>Copies one block of channels of a run's input.</summary>
    internal readonly float* CopyInput(PixelRun run, int block)
    {
        int channel = Windows.Blocks > 1 ? block * Windows.Pitch : 0;
        int channels =
            Windows.Blocks > 1 ? Math.Min(Windows.Pitch, Geometry.GroupInputs - channel) : Geometry.GroupInputs;
        return Windows.Copy(X, run, (Group * Geometry.GroupInputs) + channel, channels);
    }

    /// <summary>Stores the sums of one output channel and one block of input channels as <c>[C][KH][KW]</c>.</summary>
    internal readonly void Store(float* sums, int output, int block)
    {
        ConvolutionGeometry g = Geometry;
        int channel = Windows.Blocks > 1 ? block * Windows.Pitch : 0;
        float* target = Dw + (((((long)Group * g.GroupOutputs) + output) * g.GroupInputs) + channel) * g.Positions;
        sums += Windows.IsNarrow ? output : (long)output * Windows.Count * Windows.Pitch;
        if (Windows.Blocks > 1)
        {
            GemmPacking.PackPanels(
                sums, Windows.Pitch, linesTogether: false, g.Positions,
                Math.Min(Windows.Pitch, g.GroupInputs - channel), g.Positions, target);
            return;
        }

        int distance = Windows.IsNarrow ? OutputPitch : 1;
        for (int c = 0; c < g.GroupInputs; c++)
        {
            for (int row = 0; row < g.KernelHeight; row++)
            {
                for (int column = 0; column < g.KernelWidth; column++)
                {
                    *target++ = sums[Windows.SumIndex(row, column, c) * distance];
                }
            }
        }
    }
}
