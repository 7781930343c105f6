using System.Runtime.InteropServices;

namespace Temper.Kernels;

/// <summary>Working memory of a thread, one block for each use, grown once and kept.</summary>
internal static unsafe class Scratch
{
    private const int Alignment = 64;

    [ThreadStatic]
    private static float[]?[]? _blocks;

    /// <summary>What a block is for. A kernel that runs inside another must not use the same one.</summary>
    internal enum Use
    {
        /// <summary>Packed left operand of a product.</summary>
        Left,

        /// <summary>Packed right operand of a product.</summary>
        Right,

        /// <summary>One register tile at an edge.</summary>
        Tile,

        /// <summary>Packed weights of a convolution.</summary>
        Weights,

        /// <summary>Which pixels each kernel position reads.</summary>
        Maps,

        /// <summary>Row pointers or offsets of a convolution.</summary>
        Pointers,

        /// <summary>Partial sums of chunks.</summary>
        Partial,

        /// <summary>Rows that are always zero.</summary>
        Zeros,

        /// <summary>An image with its padding.</summary>
        Image,

        /// <summary>Weights in another order.</summary>
        Columns,

        /// <summary>Indices that a selection has left.</summary>
        Selection,

        /// <summary>Parts of the rows of a matrix, side by side.</summary>
        Gathered,

        /// <summary>The winners of what a layer reads.</summary>
        Winners,

        /// <summary>A product on its way to its places.</summary>
        Product,

        /// <summary>Rows of quantized images with their padding.</summary>
        Bytes,

        /// <summary>What bytes stand for, before a kernel on floats.</summary>
        Dequantized,

        /// <summary>The same of what is added to its result.</summary>
        Added,

        /// <summary>Its result, before it becomes bytes.</summary>
        Sums,
    }

    /// <summary>
    /// At least <paramref name="count"/> floats on a 64-byte boundary; contents as the last user left them.
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

/// <summary>Working memory for code that does not touch pointers.</summary>
internal static unsafe class FloatScratch
{
    /// <inheritdoc cref="Scratch.Rent"/>
    internal static FloatAddress Rent(Scratch.Use use, long count) => new(Scratch.Rent(use, count));
}
