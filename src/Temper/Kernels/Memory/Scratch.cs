using System.Runtime.InteropServices;

namespace Temper.Kernels;

/// <summary>Scratch memory of a thread: one block per use, which grows as needed and is kept.</summary>
internal static unsafe class Scratch
{
    private const int Alignment = 64;

    [ThreadStatic]
    private static float[]?[]? _blocks;

    /// <summary>Use of a block. A kernel called by another kernel must not use the same block.</summary>
    internal enum Use
    {
        /// <summary>Packed left operand of a product.</summary>
        Left,

        /// <summary>Packed right operand of a product.</summary>
        Right,

        /// <summary>A register tile at an edge.</summary>
        Tile,

        /// <summary>Packed weights of a convolution.</summary>
        Weights,

        /// <summary>Indices of the pixels that each kernel position reads.</summary>
        Maps,

        /// <summary>Row pointers or offsets of a convolution.</summary>
        Pointers,

        /// <summary>Partial sums of chunks.</summary>
        Partial,

        /// <summary>Rows of zeros.</summary>
        Zeros,

        /// <summary>An image with its padding.</summary>
        Image,

        /// <summary>Reordered weights.</summary>
        Columns,

        /// <summary>Remaining indices of a selection.</summary>
        Selection,

        /// <summary>Gathered parts of matrix rows.</summary>
        Gathered,

        /// <summary>Winners among the inputs of a layer.</summary>
        Winners,

        /// <summary>A product before it is scattered.</summary>
        Product,

        /// <summary>Rows of quantized images with their padding.</summary>
        Bytes,

        /// <summary>Input bytes converted to floats, for a float kernel.</summary>
        Dequantized,

        /// <summary>Residual bytes converted to floats, for a float kernel.</summary>
        Added,

        /// <summary>Results of a float kernel before conversion to bytes.</summary>
        Sums,
    }

    /// <summary>
    /// Returns at least <paramref name="count"/> floats, aligned to 64 bytes. The contents are undefined.
    /// </summary>
    internal static float* Rent(Use use, long count)
    {
        float[]?[] blocks = _blocks ??= new float[Enum.GetValues<Use>().Length][];
        ref float[]? block = ref blocks[(int)use];
        long needed = count + (Alignment / sizeof(float));
        if (block is null || block.Length < needed)
        {
            block = GC.AllocateArray<float>(checked((int)needed), pinned: true);
        }

        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(block, 0);
        return (float*)((address + Alignment - 1) & ~(nint)(Alignment - 1));
    }
}

/// <summary>Scratch memory for code that does not use pointers.</summary>
internal static unsafe class FloatScratch
{
    /// <inheritdoc cref="Scratch.Rent"/>
    internal static FloatAddress Rent(Scratch.Use use, long count) => new(Scratch.Rent(use, count));
}
