using System.Text;

namespace Temper.KernelGenerator;

/// <summary>
/// The tiles of the matrix product: rows of A where they lie, broadcast, times rows of B. One for each number of rows and
/// vectors, so that rows are dealt to tiles without waste.
/// </summary>
internal static class RowTiles
{
    /// <summary>Rows of B that are fetched ahead: B may lie in a caller's matrix, where the machine's own prefetching loses the track.</summary>
    private const int Ahead = 8;

    private const string Signature = "nint depth, float* a, nint aStep, float* b, nint bStep, float* c, nint cStep, bool adds";

    // The largest tile of each width. Accumulators + vectors of B + one broadcast fit the registers: 32 with AVX-512, else 16.
    private static readonly TileShape[] Largest = [new(512, 8, 3), new(256, 6, 2), new(128, 6, 2), new(0, 4, 2)];

    public static string File()
    {
        var text = new StringBuilder();
        Tiles.Head(text, "RowTiles", "C[rows, columns] (+)= A B. Rows of A, B and C lie at any distances; all rows of B hold whole vectors.", usesSse: true);
        Tiles.Family(text, Largest, "Rows", "nint, float*, nint, float*, nint, float*, nint, bool, void", Tile);
        text.Append("}\n");
        return text.ToString();
    }

    private static void Tile(StringBuilder text, TileShape t)
    {
        Tiles.Begin(text, $"Rows{t.Suffix}({Signature})");
        for (int i = 1; i < t.Rows; i++)
        {
            text.Append($"        float* a{i} = a + ({i} * aStep);\n");
        }

        Tiles.Accumulators(text, t);
        text.Append("        for (nint k = 0; k < depth; k++)\n        {\n");
        Tiles.LoadRight(text, t, "b");
        Prefetch(text, t);
        for (int i = 0; i < t.Rows; i++)
        {
            Tiles.Update(text, t, i, i == 0 ? "a[k]" : $"a{i}[k]", "            ");
        }

        text.Append("            b += bStep;\n        }\n\n        if (adds)\n        {\n");
        Tiles.StoreRows(text, t, adds: true, guarded: false, distance: "cStep");
        text.Append("        }\n        else\n        {\n");
        Tiles.StoreRows(text, t, adds: false, guarded: false, distance: "cStep");
        text.Append("        }\n");
        Tiles.End(text);
    }

    private static void Prefetch(StringBuilder text, TileShape t)
    {
        const int LineFloats = 16;
        if (t.Bits < 256)
        {
            return;
        }

        for (int j = 0; j < t.Columns; j += LineFloats)
        {
            text.Append($"            Sse.Prefetch0(b + ({Ahead} * bStep) + {j});\n");
        }
    }
}
