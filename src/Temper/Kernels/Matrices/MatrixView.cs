namespace Temper.Kernels;

/// <summary>A matrix in somebody's memory: rows at a fixed distance, or columns if it is transposed.</summary>
internal readonly ref struct MatrixView
{
    /// <summary>A row-major matrix without gaps.</summary>
    internal MatrixView(ReadOnlySpan<float> data, int rows, int columns)
        : this(data, rows, columns, stride: columns, isTransposed: false)
    {
    }

    /// <summary>A row-major matrix whose rows begin <paramref name="stride"/> floats apart.</summary>
    internal MatrixView(ReadOnlySpan<float> data, int rows, int columns, int stride)
        : this(data, rows, columns, stride, isTransposed: false)
    {
    }

    private MatrixView(ReadOnlySpan<float> data, int rows, int columns, int stride, bool isTransposed)
    {
        (int lines, int length) = isTransposed ? (columns, rows) : (rows, columns);
        long needed = lines == 0 ? 0 : ((long)(lines - 1) * stride) + length;
        if (length > stride || data.Length < needed)
        {
            throw new ArgumentException(
                $"matrix: memory does not fit (got {data.Length} floats with stride {stride}, expected {needed} for "
                + $"{rows} x {columns})", nameof(data));
        }

        Data = data;
        (Rows, Columns, Stride, IsTransposed) = (rows, columns, stride, isTransposed);
    }

    internal ReadOnlySpan<float> Data { get; }

    internal int Rows { get; }

    internal int Columns { get; }

    /// <summary>Distance between rows in memory; between columns if transposed.</summary>
    internal int Stride { get; }

    /// <summary>Whether a column, not a row, lies together in memory.</summary>
    internal bool IsTransposed { get; }

    /// <summary>The transposed matrix, in the same memory.</summary>
    internal MatrixView Transposed => new(Data, Columns, Rows, Stride, !IsTransposed);
}
