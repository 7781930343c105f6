using System.Text;

namespace Temper.KernelGenerator;

/// <summary>
/// Generates the tiles of the matrix product: elements of A, read in place and broadcast, times rows of B. There is a
/// tile for each number of rows and vectors, so that any number of rows can be divided among tiles without waste.
/// </summary>
internal static class RowTiles
{
    /// <summary>
    /// Depth above which a tile prefetches its part of the result when it starts: it reads so much data that the result
    /// would not stay in the L1 cache until it is stored.
    /// </summary>
    private const int MuchDepth = 256;

    /// <summary>
    /// Number of rows of B to prefetch ahead: B may be part of a caller's matrix, with a row stride that defeats the
    /// hardware prefetcher.
    /// </summary>
    private const int RowsAhead = 8;

    private const int LineFloats = 16;

    // The largest tile of each width. Accumulators, vectors of B and one broadcast value fit in the registers: 32 with
    // AVX-512, else 16.
    private static readonly TileShape[] Largest = [new(512, 8, 3), new(256, 6, 2), new(128, 6, 2), new(0, 4, 2)];

    private const string Signature =
        "nint depth, float* a, nint aStep, float* b, nint bStep, GemmPanelCopy* copy, float* c, nint cStep, bool adds";

    public static string File()
    {
        var text = new StringBuilder();
        Tiles.Head(
            text, "RowTiles",
            "C[rows, columns] (+)= A B. Rows of A, B and C lie at any distances; all rows of B hold whole vectors.",
            usesSse: true);
        Tiles.Family(
            text, Largest, "Rows", "nint, float*, nint, float*, nint, GemmPanelCopy*, float*, nint, bool, void", Tile);
        text.Append("}\n");
        return text.ToString();
    }

    private static void Tile(StringBuilder text, TileShape t)
    {
        Tiles.Begin(text, $"Rows{t.Suffix}({Signature})");
        Tiles.Accumulators(text, t);
        FetchResult(text, t);
        text.Append("        nint steps = copy == null ? depth : GemmPanelCopy.StepsPerCopy;\n");
        text.Append("        for (nint done = 0; done < depth; done += steps)\n        {\n");
        Copy(text, t);
        text.Append("            nint count = Math.Min(steps, depth - done);\n            float* a0 = a + done;\n");
        for (int i = 1; i < t.Rows; i++)
        {
            text.Append($"            float* a{i} = a0 + ({i} * aStep);\n");
        }

        text.Append("            for (nint k = 0; k < count; k++)\n            {\n");
        Tiles.LoadRight(text, t, "b", "                ");
        FetchRow(text, t, $"b + ({RowsAhead} * bStep)", "                ");
        for (int i = 0; i < t.Rows; i++)
        {
            Tiles.Update(text, t, i, $"a{i}[k]", "                ");
        }

        text.Append("                b += bStep;\n            }\n        }\n\n        if (adds)\n        {\n");
        Tiles.StoreRows(text, t, adds: true, guarded: false, distance: "cStep");
        text.Append("        }\n        else\n        {\n");
        Tiles.StoreRows(text, t, adds: false, guarded: false, distance: "cStep");
        text.Append("        }\n");
        Tiles.End(text);
    }

    /// <summary>Writes the code that copies some rows of a panel and prefetches rows that are copied later.</summary>
    private static void Copy(StringBuilder text, TileShape t)
    {
        const string Indent = "                    ";
        text.Append("            if (copy != null)\n            {\n");
        text.Append("                for (int row = Math.Min(copy->RowsAtOnce, copy->Rows); row > 0; row--)\n");
        text.Append("                {\n");
        FetchRow(text, t, "copy->Source + copy->Ahead", Indent);
        for (int j = 0; j < t.Vectors; j++)
        {
            string value = t.Load($"copy->Source + {j * t.Lanes}");
            text.Append($"{Indent}{t.Store(value, $"copy->Target + {j * t.Lanes}")}\n");
        }

        text.Append($"{Indent}copy->Source += copy->SourceStep;\n{Indent}copy->Target += {t.Columns};\n");
        text.Append($"{Indent}copy->Rows--;\n                }}\n            }}\n\n");
    }

    private static void FetchResult(StringBuilder text, TileShape t)
    {
        text.Append($"        if (depth > {MuchDepth})\n        {{\n");
        for (int i = 0; i < t.Rows; i++)
        {
            FetchRow(text, t, i == 0 ? "c" : $"c + ({i} * cStep)", "            ");
        }

        text.Append("        }\n\n");
    }

    private static void FetchRow(StringBuilder text, TileShape t, string address, string indent)
    {
        for (int j = 0; t.Bits >= 256 && j < t.Columns; j += LineFloats)
        {
            text.Append($"{indent}Sse.Prefetch0({address}{(j > 0 ? $" + {j}" : "")});\n");
        }
    }
}
