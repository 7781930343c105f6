using System.Runtime.InteropServices;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>Writes the layer's weights to a safetensors file with one tensor, float32 or float16.</summary>
internal static class AugConvFile
{
    internal const string TensorName = "weight";
    private const int NumbersAtOnce = 1 << 20;

    internal static void Write(Stream stream, Tensor weight, bool isHalf)
    {
        ReadOnlySpan<float> numbers = weight.AsSpan<float>();
        stream.Write(RowContainer.SafetensorsHead(
            TensorName, isHalf ? "F16" : "F32", [numbers.Length], (long)numbers.Length * (isHalf ? 2 : 4)));
        Half[] halves = isHalf ? new Half[NumbersAtOnce] : [];
        for (int first = 0; first < numbers.Length; first += NumbersAtOnce)
        {
            ReadOnlySpan<float> part = numbers.Slice(first, Math.Min(NumbersAtOnce, numbers.Length - first));
            if (isHalf)
            {
                TensorPrimitives.ConvertToHalf(part, halves);
            }

            stream.Write(isHalf ? MemoryMarshal.AsBytes(halves.AsSpan(0, part.Length)) : MemoryMarshal.AsBytes(part));
        }
    }
}
