namespace Temper.Kernels;

/// <summary>
/// The input of a strided convolution. If a pixel fills a vector, the planes are read directly. Otherwise each plane is
/// split into one plane per remainder of row and column modulo the stride, so that neighboring results read neighboring
/// pixels.
/// </summary>
internal readonly unsafe struct StridePhases
{
    private readonly ConvolutionGeometry _geometry;
    private readonly PlaneShape _source;
    private readonly int _rows;
    private readonly int _first;
    private readonly int _pitch;

    private readonly int _lanes;
    private readonly bool _isPlain;

    internal StridePhases(in ConvolutionGeometry geometry, PlaneShape source, int lanes)
    {
        (_geometry, _source, _lanes) = (geometry, source, lanes);
        _isPlain = lanes == ImageGroup.MaxImages || (geometry.StrideHeight | geometry.StrideWidth) == 1;
        _first = ((source.Top - geometry.PadTop) * source.Pitch) + source.Left - geometry.PadLeft;
        _rows = Chunks.Count(source.Top + source.Height + source.Bottom, geometry.StrideHeight);
        _pitch = Chunks.Count(source.Pitch, geometry.StrideWidth);
    }

    /// <summary>Distance between the inputs of neighboring result rows, in source pixels.</summary>
    internal int Pitch => _isPlain ? _source.Pitch * _geometry.StrideHeight : _pitch;

    /// <summary>Distance between the inputs of neighboring result pixels, in source pixels.</summary>
    internal int Step => _isPlain ? _geometry.StrideWidth : 1;

    /// <summary>Distance between neighboring channels of the source, in pixels.</summary>
    internal int PlaneStride => _isPlain ? _source.Plane : Phases * Plane;

    private int Phases => _geometry.StrideHeight * _geometry.StrideWidth;

    private int Plane => _rows * _pitch;

    /// <summary>
    /// Returns the offset, in pixels, at which the first result reads the source through a kernel position.
    /// </summary>
    internal int Offset(int channel, int kernelRow, int kernelColumn)
    {
        int row = kernelRow * _geometry.DilationHeight, column = kernelColumn * _geometry.DilationWidth;
        if (_isPlain)
        {
            return (channel * _source.Plane) + _first + (row * _source.Pitch) + column;
        }

        row += _source.Top - _geometry.PadTop;
        column += _source.Left - _geometry.PadLeft;
        (int down, int rowPhase) = Math.DivRem(row, _geometry.StrideHeight);
        (int right, int columnPhase) = Math.DivRem(column, _geometry.StrideWidth);
        return (((channel * Phases) + (rowPhase * _geometry.StrideWidth) + columnPhase) * Plane)
            + (down * _pitch)
            + right;
    }

    /// <summary>Returns the planes of a group of images, split into phases if the convolution needs it.</summary>
    internal float* Read(float* source)
    {
        if (_isPlain)
        {
            return source;
        }

        // Extra floats, because vectors may reach beyond the last pixel of a row.
        const int SpareFloats = 1024;
        float* target =
            Scratch.Rent(Scratch.Use.Image, ((long)_source.Channels * Phases * Plane * _lanes) + SpareFloats);
        Chunks.Run(new Cut { Phases = this, Source = source, Target = target, Interleave = _lanes }, _source.Channels);
        return target;
    }

    /// <summary>Splits the plane of one channel into phases.</summary>
    private struct Cut : IChunkBody
    {
        internal StridePhases Phases;
        internal float* Source;
        internal float* Target;
        internal int Interleave;

        public readonly void Run(int chunk)
        {
            (int down, int right) = (Phases._geometry.StrideHeight, Phases._geometry.StrideWidth);
            PlaneShape shape = Phases._source;
            int height = shape.Top + shape.Height + shape.Bottom;
            float* plane = Source + ((long)chunk * shape.Plane * Interleave);
            float* target = Target + ((long)chunk * Phases.Phases * Phases.Plane * Interleave);
            for (int phase = 0; phase < Phases.Phases; phase++)
            {
                (int firstRow, int firstColumn) = Math.DivRem(phase, right);
                for (int row = 0; row < Phases._rows; row++, target += Phases._pitch * Interleave)
                {
                    int from = (row * down) + firstRow;
                    int columns = from < height ? Chunks.Count(shape.Pitch - firstColumn, right) : 0;
                    float* pixels = plane + ((((long)from * shape.Pitch) + firstColumn) * Interleave);
                    Pick(pixels, right * Interleave, target, columns);
                }
            }
        }

        private readonly void Pick(float* source, int step, float* target, int columns)
        {
            for (int column = 0; column < columns; column++, source += step, target += Interleave)
            {
                for (int i = 0; i < Interleave; i++)
                {
                    target[i] = source[i];
                }
            }
        }
    }
}
