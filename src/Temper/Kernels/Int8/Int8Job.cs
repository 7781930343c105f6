using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// A byte convolution, split into tasks. A task computes several images, or a band of rows of one image, for several
/// panels of output channels.
/// </summary>
internal unsafe struct Int8Job
{
    /// <summary>Target number of multiply-accumulates per task, which take a few microseconds.</summary>
    private const long TaskMacs = 1 << 19;

    internal ConvolutionGeometry Geometry;
    internal byte* Source;
    internal void* Result;
    internal int* Weights;
    internal int* Starts;
    internal float* Scales;
    internal float* Biases;
    internal byte Padding;
    internal Int8Tail Tail;
    internal int Panels;

    private int _images;
    private int _rows;
    private int _panels;

    internal readonly int ImageTasks => Chunks.Count(Geometry.Batch, _images);

    internal readonly int Bands => Chunks.Count(Geometry.OutHeight, _rows);

    internal readonly int PanelTasks => Chunks.Count(Panels, _panels);

    internal readonly int Images => _images;

    internal readonly int Rows => _rows;

    internal readonly int PanelsEach => _panels;

    /// <summary>Number of bytes per input pixel.</summary>
    internal readonly int Depth => ByteGrid.Stride(Geometry.InChannels);

    /// <summary>Whether kernels read the input directly, without a padded copy.</summary>
    internal readonly bool ReadsInPlace =>
        (Geometry.PadTop | Geometry.PadLeft | Geometry.PadBottom | Geometry.PadRight) == 0;

    /// <summary>Splits the work into tasks. The split depends only on the sizes.</summary>
    internal void Cut()
    {
        long pixel = Math.Max(1, (long)Geometry.OutChannels * Depth * Geometry.Positions),
            row = pixel * Geometry.OutWidth;
        _rows = (int)Math.Clamp(TaskMacs / row, 1, Math.Max(1, Geometry.OutHeight));
        bool isWhole = _rows == Geometry.OutHeight;
        _images = isWhole ? (int)Math.Clamp(TaskMacs / (row * Math.Max(1, _rows)), 1, Math.Max(1, Geometry.Batch)) : 1;
        _panels = (int)Math.Clamp(Panels * TaskMacs / Math.Max(1, row * _rows * _images), 1, Panels);
    }
}

/// <summary>Runs the tasks of an <see cref="Int8Job"/> with one kind of vector instructions.</summary>
internal readonly unsafe struct Int8Body<T, TFloat>(Int8Job job) : IChunkBody
    where T : unmanaged, IDotLanes<T, TFloat>
    where TFloat : unmanaged, ILanes<TFloat>
{
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int chunk)
    {
        ConvolutionGeometry g = job.Geometry;
        int panels = chunk % job.PanelTasks, band = chunk / job.PanelTasks % job.Bands,
            part = chunk / job.PanelTasks / job.Bands;
        int firstImage = part * job.Images, images = Math.Min(job.Images, g.Batch - firstImage);
        int firstRow = band * job.Rows, rows = Math.Min(job.Rows, g.OutHeight - firstRow);
        Window window = job.ReadsInPlace ? InPlace(firstImage, firstRow) : Copied(firstImage, images, firstRow, rows);
        int firstPanel = panels * job.PanelsEach, lastPanel = Math.Min(firstPanel + job.PanelsEach, job.Panels);
        var shape = new Int8Rows(g.KernelHeight, g.KernelWidth * job.Depth / 4, window.Pitch);
        var epilogue = new Int8Epilogue<T, TFloat>(job.Tail, g.OutChannels, job.Result);
        long firstPixel = (((long)firstImage * g.OutHeight) + firstRow) * g.OutWidth;
        int pixels = images * rows * g.OutWidth, width = Int8Tile<T, TFloat>.Panel,
            size = shape.Count * shape.Groups * width;
        int* offsets = stackalloc int[Int8Tile<T, TFloat>.Pixels],
            sums = stackalloc int[Int8Tile<T, TFloat>.Pixels * 32];
        for (int panel = firstPanel; panel < lastPanel; panel++)
        {
            int* weights = job.Weights + ((long)panel * size), start = job.Starts + (panel * width);
            for (int pixel = 0; pixel < pixels; pixel += Int8Tile<T, TFloat>.Pixels)
            {
                int count = Math.Min(Int8Tile<T, TFloat>.Pixels, pixels - pixel);
                Place(offsets, pixel, count, rows, window);
                if (count == 1)
                {
                    Int8Tile<T, TFloat>.One(window.Source + offsets[0], shape, weights, start, sums);
                }
                else
                {
                    Int8Tile<T, TFloat>.Six(window.Source, offsets, shape, weights, start, sums);
                }

                for (int i = 0; i < count; i++)
                {
                    epilogue.Write(
                        firstPixel + pixel + i, panel * width, sums + (i * width), job.Scales + (panel * width),
                        job.Biases + (panel * width));
                }
            }
        }
    }

    /// <summary>
    /// Computes the input offset of each pixel of a tile. Unused entries repeat the offset of the last pixel.
    /// </summary>
    private void Place(int* offsets, int pixel, int count, int rows, in Window window)
    {
        ConvolutionGeometry g = job.Geometry;
        int image = Math.DivRem(pixel, rows * g.OutWidth, out int rest),
            row = Math.DivRem(rest, g.OutWidth, out int column);
        for (int i = 0; i < Int8Tile<T, TFloat>.Pixels; i++)
        {
            offsets[i] = (image * window.ImageBytes)
                + (row * g.StrideHeight * window.Pitch)
                + (column * g.StrideWidth * job.Depth);
            if (i + 1 < count && ++column == g.OutWidth)
            {
                column = 0;
                (image, row) = ++row == rows ? (image + 1, 0) : (image, row);
            }
        }
    }

    private Window InPlace(int firstImage, int firstRow)
    {
        ConvolutionGeometry g = job.Geometry;
        int pitch = g.InWidth * job.Depth;
        return new Window(
            job.Source + ((((long)firstImage * g.InHeight) + (firstRow * g.StrideHeight)) * pitch), pitch,
            g.InHeight * pitch);
    }

    /// <summary>
    /// Copies the input rows that a task reads and adds the padding, filled with the byte that represents 0.
    /// </summary>
    private Window Copied(int firstImage, int images, int firstRow, int rows)
    {
        ConvolutionGeometry g = job.Geometry;
        int height = ((rows - 1) * g.StrideHeight) + g.KernelHeight,
            width = ((g.OutWidth - 1) * g.StrideWidth) + g.KernelWidth;
        int pitch = width * job.Depth, inPitch = g.InWidth * job.Depth, imageBytes = height * pitch;
        byte* target = (byte*)Scratch.Rent(Scratch.Use.Bytes, (((long)images * imageBytes) + 64) / sizeof(float));
        int left = Math.Min(g.PadLeft, width) * job.Depth, copied = Math.Min(inPitch, pitch - left);
        for (int i = 0; i < images * height; i++)
        {
            int image = Math.DivRem(i, height, out int row), y = (firstRow * g.StrideHeight) + row - g.PadTop;
            var line = new Span<byte>(target + ((long)i * pitch), pitch);
            if (y < 0 || y >= g.InHeight)
            {
                line.Fill(job.Padding);
                continue;
            }

            line[..left].Fill(job.Padding);
            new ReadOnlySpan<byte>(job.Source + ((((long)firstImage + image) * g.InHeight) + y) * inPitch, copied)
                .CopyTo(line[left..]);
            line[(left + copied)..].Fill(job.Padding);
        }

        return new Window(target, pitch, imageBytes);
    }

    /// <summary>Input rows of several images, as tiles read them.</summary>
    private readonly struct Window(byte* source, int pitch, int imageBytes)
    {
        internal byte* Source => source;

        internal int Pitch => pitch;

        internal int ImageBytes => imageBytes;
    }
}
