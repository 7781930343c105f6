using System.Numerics.Tensors;

namespace Temper.Kernels;

/// <summary>Softmax over the rows of <c>[rows, columns]</c>.</summary>
internal static unsafe class Softmax
{
    /// <summary>Softmax: y = exp(x - max) / Σ exp(x - max) for each row.</summary>
    internal static void Forward(ReadOnlySpan<float> x, Span<float> y, int columns) =>
        Run(x, x, y, columns, &ForwardRow);

    /// <summary>Gradient of softmax, from its output y: dx = y (dy - Σ dy y).</summary>
    internal static void Gradient(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, int columns) =>
        Run(y, dy, dx, columns, &GradientRow);

    /// <summary>Log-softmax: y = (x - max) - log Σ exp(x - max) for each row.</summary>
    internal static void LogForward(ReadOnlySpan<float> x, Span<float> y, int columns) =>
        Run(x, x, y, columns, &LogForwardRow);

    /// <summary>Gradient of log-softmax, from its output y: dx = dy - exp(y) Σ dy.</summary>
    internal static void LogGradient(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx, int columns) =>
        Run(y, dy, dx, columns, &LogGradientRow);

    /// <summary>Writes exp(x - max); returns max and the sum of the exponentials.</summary>
    internal static (float Max, float Sum) Exponentials(float* x, float* y, int columns)
    {
        float max = (float)Reductions.Serial(default(MaxReducer), x, columns);
        Elementwise.Serial(new Broadcasting.RightNumber<SubtractKernel>(default, max), x, y, columns);
        TensorPrimitives.Exp(new ReadOnlySpan<float>(y, columns), new Span<float>(y, columns));
        return (max, (float)Reductions.Serial(default(SumReducer), y, columns));
    }

    private static void ForwardRow(float* x, float* unused, float* y, int columns)
    {
        (_, float sum) = Exponentials(x, y, columns);
        Elementwise.Serial(new Scale(1 / sum), y, y, columns);
    }

    private static void GradientRow(float* y, float* dy, float* dx, int columns)
    {
        float dot = GemmVector.Dot(y, dy, columns);
        Elementwise.Serial(new ShiftedProduct(dot), dy, y, dx, columns);
    }

    private static void LogForwardRow(float* x, float* unused, float* y, int columns)
    {
        (float max, float sum) = Exponentials(x, y, columns);
        Elementwise.Serial(new SubtractTwo(max, MathF.Log(sum)), x, y, columns);
    }

    private static void LogGradientRow(float* y, float* dy, float* dx, int columns)
    {
        float sum = (float)Reductions.Serial(default(SumReducer), dy, columns);
        TensorPrimitives.Exp(new ReadOnlySpan<float>(y, columns), new Span<float>(dx, columns));
        Elementwise.Serial(new MultiplyAddTo(-sum), dx, dy, dx, columns);
    }

    private static void Run(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> result, int columns,
        delegate*<float*, float*, float*, int, void> row)
    {
        Elementwise.RequireLength(a.Length, result.Length);
        Elementwise.RequireLength(b.Length, result.Length);
        if (result.IsEmpty)
        {
            return;
        }

        fixed (float* pa = a, pb = b, pr = result)
        {
            int rows = result.Length / columns;
            Chunks.Run(new RowsBody(pa, pb, pr, (rows, columns), row), Chunks.Count(rows, RowsPerChunk(columns)));
        }
    }

    /// <summary>Rows per chunk. An exponential costs about as much as the memory traffic of eight floats.</summary>
    private static int RowsPerChunk(int columns) => Chunks.Rows(8 * columns);

    private readonly struct RowsBody(
        float* a, float* b, float* result, (int Rows, int Columns) size,
        delegate*<float*, float*, float*, int, void> row) : IChunkBody
    {
        public void Run(int chunk)
        {
            int count = RowsPerChunk(size.Columns);
            int end = Math.Min(size.Rows, (chunk + 1) * count);
            for (int r = chunk * count; r < end; r++)
            {
                long start = (long)r * size.Columns;
                row(a + start, b + start, result + start, size.Columns);
            }
        }
    }
}
