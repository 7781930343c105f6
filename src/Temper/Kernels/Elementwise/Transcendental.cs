using System.Numerics.Tensors;

namespace Temper.Kernels;

/// <summary>
/// Exponentials and related functions. They use the polynomials of the vector library, in fixed chunks on the pool.
/// </summary>
internal static unsafe class Transcendental
{
    /// <summary>
    /// Minimum number of floats passed to the vector library. Shorter inputs are padded, because its scalar functions
    /// round differently.
    /// </summary>
    private const int FewestFloats = 16;

    internal static void Exp(ReadOnlySpan<float> x, Span<float> y) => Apply(x, y, &TensorPrimitives.Exp);

    internal static void Log(ReadOnlySpan<float> x, Span<float> y) => Apply(x, y, &TensorPrimitives.Log);

    internal static void Tanh(ReadOnlySpan<float> x, Span<float> y) =>
        Elementwise.Apply(default(HyperbolicTangent), x, y);

    internal static void Sigmoid(ReadOnlySpan<float> x, Span<float> y) => Elementwise.Apply(default(Logistic), x, y);

    internal static void Ceiling(ReadOnlySpan<float> x, Span<float> y) => Apply(x, y, &TensorPrimitives.Ceiling);

    internal static void Floor(ReadOnlySpan<float> x, Span<float> y) => Apply(x, y, &TensorPrimitives.Floor);

    internal static void Round(ReadOnlySpan<float> x, Span<float> y) => Apply(x, y, &TensorPrimitives.Round);

    /// <summary>Computes y = erf(x).</summary>
    internal static void Erf(ReadOnlySpan<float> x, Span<float> y) => Apply(x, y, &ErrorFunction.Chunk);

    /// <summary>Computes the probability that a standard normal variable is below x.</summary>
    internal static void NormalProbability(ReadOnlySpan<float> x, Span<float> y) =>
        Apply(x, y, &ErrorFunction.NormalChunk);

    /// <summary>Computes y = log(1 + exp(x)), without overflow, and accurate for tiny results.</summary>
    internal static void Softplus(ReadOnlySpan<float> x, Span<float> y) =>
        Elementwise.Apply(default(SoftplusOperator), x, y);

    /// <summary>Computes z = x^y.</summary>
    internal static void Pow(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z)
    {
        Elementwise.RequireLength(x.Length, z.Length);
        Elementwise.RequireLength(y.Length, z.Length);
        fixed (float* px = x, py = y, pz = z)
        {
            Chunks.Run(new PowBody(px, py, 0, pz, z.Length), Chunks.Count(z.Length, Chunks.Floats));
        }
    }

    /// <summary>Computes y = x^exponent. For exponents 2, 1, 1/2 and -1 the result is correctly rounded.</summary>
    internal static void Pow(ReadOnlySpan<float> x, float exponent, Span<float> y)
    {
        Elementwise.RequireLength(x.Length, y.Length);
        switch (exponent)
        {
            case 2: Elementwise.Apply(default(Square), x, y); break;
            case 1: x.CopyTo(y); break;
            case 0.5f: Elementwise.Apply(default(SquareRoot), x, y); break;
            case -1: Elementwise.Apply(default(Reciprocal), x, y); break;
            default:
                fixed (float* px = x, py = y)
                {
                    Chunks.Run(new PowBody(px, null, exponent, py, y.Length), Chunks.Count(y.Length, Chunks.Floats));
                }

                break;
        }
    }

    private static void Apply(
        ReadOnlySpan<float> x, Span<float> y, delegate*<ReadOnlySpan<float>, Span<float>, void> function)
    {
        Elementwise.RequireLength(x.Length, y.Length);
        fixed (float* px = x, py = y)
        {
            Chunks.Run(new FunctionBody(px, py, y.Length, function), Chunks.Count(y.Length, Chunks.Floats));
        }
    }

    private readonly struct FunctionBody(
        float* x, float* y, int length, delegate*<ReadOnlySpan<float>, Span<float>, void> function)
        : IChunkBody
    {
        public void Run(int chunk)
        {
            int start = chunk * Chunks.Floats;
            int count = Math.Min(Chunks.Floats, length - start);
            if (count >= FewestFloats)
            {
                function(new ReadOnlySpan<float>(x + start, count), new Span<float>(y + start, count));
                return;
            }

            Span<float> padded = stackalloc float[FewestFloats];
            padded.Clear();
            new ReadOnlySpan<float>(x + start, count).CopyTo(padded);
            function(padded, padded);
            padded[..count].CopyTo(new Span<float>(y + start, count));
        }
    }

    private readonly struct PowBody(float* x, float* exponents, float exponent, float* y, int length) : IChunkBody
    {
        public void Run(int chunk)
        {
            int start = chunk * Chunks.Floats;
            int count = Math.Min(Chunks.Floats, length - start);
            var source = new ReadOnlySpan<float>(x + start, count);
            var target = new Span<float>(y + start, count);
            if (exponents != null)
            {
                TensorPrimitives.Pow(source, new ReadOnlySpan<float>(exponents + start, count), target);
            }
            else
            {
                TensorPrimitives.Pow(source, exponent, target);
            }
        }
    }
}
