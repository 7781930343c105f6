using System.Text;

namespace Temper.KernelGenerator;

/// <summary>
/// Generates the tiles of the weight gradient of a convolution: a sum of rank-one updates, each from one row of both
/// tensors.
/// </summary>
internal static class OuterTiles
{
    // Accumulators, vectors of the right operand and one broadcast value fit in the registers: 32 with AVX-512,
    // else 16.
    private static readonly TileShape[] Largest = [new(512, 8, 3), new(256, 4, 3), new(128, 4, 3), new(0, 4, 2)];

    public static string File()
    {
        var text = new StringBuilder();
        Tiles.Head(
            text, "OuterTiles",
            "C[rows, columns] += sum over n of a[n, rows]ᵀ b[n, columns], each n at offsets of its own.");
        Tiles.Family(text, Largest, "Outer", "nint, int*, int*, float*, float*, float*, nint, void", Tile);
        text.Append("}\n");
        return text.ToString();
    }

    private static void Tile(StringBuilder text, TileShape t)
    {
        Tiles.Begin(
            text, $"Outer{t.Suffix}(nint n, int* aOffsets, int* bOffsets, float* a, float* b, float* c, nint ldc)");
        Tiles.Accumulators(text, t);
        text.Append("        for (nint i = 0; i < n; i++)\n        {\n");
        text.Append("            float* x = a + aOffsets[i];\n            float* y = b + bOffsets[i];\n");
        Tiles.LoadRight(text, t, "y");
        for (int i = 0; i < t.Rows; i++)
        {
            Tiles.Update(text, t, i, $"x[{i}]", "            ");
        }

        text.Append("        }\n\n");
        Tiles.StoreRows(text, t, adds: true, guarded: false, indent: "        ");
        Tiles.End(text);
    }
}
