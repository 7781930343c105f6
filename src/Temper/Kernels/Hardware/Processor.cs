using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Temper.Kernels;

/// <summary>Identifies the processor.</summary>
internal static class Processor
{
    private const uint BrandLeaves = 0x80000002, LastBrandLeaf = 0x80000004;

    /// <summary>
    /// Name of the processor, its signature (family, model and stepping) if available, the architecture and the active
    /// vector width. Measured times are valid for one such identifier.
    /// </summary>
    internal static string Id { get; } = Find();

    private static string Find()
    {
        string width = Simd.Active == SimdWidth.Scalar ? "scalar" : $"{(int)Simd.Active} bit";
        string architecture = RuntimeInformation.ProcessArchitecture.ToString();
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < LastBrandLeaf)
        {
            return $"{architecture}, {width}";
        }

        var brand = new StringBuilder();
        for (uint leaf = BrandLeaves; leaf <= LastBrandLeaf; leaf++)
        {
            (int a, int b, int c, int d) = X86Base.CpuId((int)leaf, 0);
            ReadOnlySpan<int> words = [a, b, c, d];
            brand.Append(Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words)));
        }

        return $"{brand.ToString().Replace("\0", "", StringComparison.Ordinal).Trim()}, signature "
            + $"{X86Base.CpuId(1, 0).Eax:x}, {architecture}, {width}";
    }
}
