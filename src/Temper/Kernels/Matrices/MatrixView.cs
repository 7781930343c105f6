namespace Temper.Kernels;

/// <summary>
/// A matrix in memory owned by the caller, with a fixed stride between rows, or between columns if transposed.
/// </summary>
internal readonly ref struct MatrixView
{
    /// <summary>Creates a view of a contiguous row-major matrix.</summary>
    internal MatrixView(ReadOnlySpan<float> data, int rows, int columns)
        : this(data, rows, columns, stride: columns, isTransposed: false)
    {
    }

    /// <summary>Creates a view of a row-major matrix with a row stride of <paramref name="stride"/> floats.</summary>
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
                $"matrix: wrong memory size (got {data.Length} floats with stride {stride}, expected {needed} for "
                + $"{rows} x {columns})", nameof(data));
        }

        Data = data;
        (Rows, Columns, Stride, IsTransposed) = (rows, columns, stride, isTransposed);
    }

    internal ReadOnlySpan<float> Data { get; }

    internal int Rows { get; }

    internal int Columns { get; }

    /// <summary>Floats from one row to the next, or from one column to the next if transposed.</summary>
    internal int Stride { get; }

    /// <summary>Whether columns, rather than rows, are contiguous.</summary>
    internal bool IsTransposed { get; }

    /// <summary>The transposed matrix, in the same memory.</summary>
    internal MatrixView Transposed => new(Data, Columns, Rows, Stride, !IsTransposed);
}
