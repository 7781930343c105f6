namespace Temper.Kernels;

/// <summary>
/// Dropout: y = x / keep where random number i of the stream is below keep, else 0. The gradient applies the same
/// function to dy.
/// </summary>
internal static unsafe class Dropout
{
    private const int BufferFloats = 1024;

    /// <summary>Applies dropout. The backward pass needs the stream only.</summary>
    /// <param name="stream">Random stream that selects the elements.</param>
    /// <param name="keep">Probability that an element is kept, 0 to 1; 0 gives zeros.</param>
    /// <param name="x">The input; any length.</param>
    /// <param name="y">Receives the result; same length. May be <paramref name="x"/>.</param>
    internal static void Apply(in Philox stream, float keep, ReadOnlySpan<float> x, Span<float> y)
    {
        Elementwise.RequireLength(x.Length, y.Length);
        fixed (float* px = x, py = y)
        {
            Chunks.Run(new Body(stream, keep, px, py, y.Length), Chunks.Count(y.Length, Chunks.Floats));
        }
    }

    private readonly struct Body(Philox stream, float keep, float* x, float* y, int length) : IChunkBody
    {
        public void Run(int chunk)
        {
            float* numbers = stackalloc float[BufferFloats];
            var select = new DropoutSelect(keep, keep > 0 ? 1 / keep : 0);
            int first = chunk * Chunks.Floats, total = Math.Min(length - first, Chunks.Floats);
            for (int done = 0; done < total; done += BufferFloats)
            {
                int start = first + done, count = Math.Min(BufferFloats, total - done);
                RandomNumbers.Uniform(stream, new Span<float>(numbers, count), (ulong)start);
                Elementwise.Serial(select, numbers, x + start, y + start, count);
            }
        }
    }
}
