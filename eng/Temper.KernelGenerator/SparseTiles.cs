using System.Text;

namespace Temper.KernelGenerator;

/// <summary>
/// Generates the tiles of a sparse convolution. A tile computes some rows of some vectors of pixels for a block of
/// output channels whose weights are at the same kernel positions. At each position, the pixels are loaded once and
/// multiplied by one weight per channel.
/// </summary>
internal static class SparseTiles
{
    private static readonly int[] Blocks = [1, 2, 4, 8];

    private static readonly int[] RowCounts = [1, 2, 4];

    /// <summary>
    /// Number of independent sums that hides the latency of an addition; smaller tiles process several positions at a
    /// time to have as many.
    /// </summary>
    private const int EnoughSums = 8;

    private const int MaxVectors = 8;

    private const string Type = "delegate*<SparseTileCall*, void>";

    public static string File()
    {
        var text = new StringBuilder();
        Tiles.Head(
            text, "SparseTiles",
            "For each block of channels: y[channel, row, vector] = max(start[channel] "
            + "+ sum over i of w[i, channel] x[offset[i] + row, vector] + added, floor).");
        bool isFirst = true;
        foreach ((int bits, int registers) in new[] { (512, 32), (256, 16), (128, 16), (0, 16) })
        {
            Shape[] shapes = [.. Shapes(bits, registers)];
            text.Append(isFirst ? "" : "\n");
            isFirst = false;
            string name = bits == 0 ? "Scalar" : $"V{bits}";
            text.Append("    /// <summary>Channels, rows, vectors and address of each tile.</summary>\n");
            text.Append("    internal static readonly (int Channels, int Rows, int Vectors, nint Tile)[] ");
            text.Append($"{name} =\n    [\n");
            foreach (Shape shape in shapes)
            {
                text.Append($"        ({shape.Channels}, {shape.Rows}, {shape.Vectors}, ");
                text.Append($"(nint)({Type})&{shape.Name}),\n");
            }

            text.Append("    ];\n");
            foreach (Shape shape in shapes)
            {
                text.Append('\n');
                Tile(text, shape);
            }
        }

        text.Append("}\n");
        return text.ToString();
    }

    private static IEnumerable<Shape> Shapes(int bits, int registers) =>
        from channels in Blocks
        from rows in RowCounts
        from vectors in Enumerable.Range(1, MaxVectors)
        let sums = channels * rows * vectors
        where rows * vectors == 1 || (sums <= registers * 3 / 4 && rows * vectors <= 16 && sums + channels < registers)
        select new Shape(bits, channels, rows, vectors);

    private static void Tile(StringBuilder text, Shape t)
    {
        Tiles.Begin(text, $"{t.Name}(SparseTileCall* call)");
        text.Append("        int* starts = call->Starts, offsets = call->Offsets;\n");
        text.Append("        float* w = call->Weights, x = call->Source, start = call->Start, ");
        text.Append("added = call->Added, y = call->Target;\n");
        text.Append("        nint xRow = call->SourceRow, startStep = call->StartStep, ");
        text.Append("yRow = call->TargetRow, yChannel = call->TargetChannel;\n");
        text.Append("        nint blocks = call->Blocks, i = starts[0];\n");
        text.Append("        float floor = call->Floor;\n");
        text.Append($"        w += i * {t.Channels};\n");
        text.Append("        for (nint block = 0; block < blocks; block++)\n        {\n");
        text.Append("            nint end = starts[block + 1];\n");
        foreach ((int channel, int row, int vector) in t.Sums)
        {
            string start = t.Lanes.Broadcast($"start[{channel}]");
            text.Append($"            {t.Lanes.Type} {Sum(channel, row, vector, 0)} = {start};\n");
            for (int chain = 1; chain < t.Chains; chain++)
            {
                text.Append($"            {t.Lanes.Type} {Sum(channel, row, vector, chain)} = {t.Lanes.Zero};\n");
            }
        }

        if (t.Chains > 1)
        {
            Loop(text, t, t.Chains);
        }

        Loop(text, t, 1);
        End(text, t);
        text.Append($"            start += startStep;\n            y += {t.Channels} * yChannel;\n        }}\n");
        Tiles.End(text);
    }

    /// <summary>
    /// Writes a loop that processes <paramref name="chains"/> positions per iteration, each with separate sums.
    /// </summary>
    private static void Loop(StringBuilder text, Shape t, int chains)
    {
        text.Append(chains > 1
            ? $"            for (; i + {chains} <= end; i += {chains})\n            {{\n"
            : "            for (; i < end; i++)\n            {\n");
        for (int chain = 0; chain < chains; chain++)
        {
            text.Append($"                float* p{chain} = x + offsets[{(chain == 0 ? "i" : $"i + {chain}")}];\n");
            for (int channel = 0; channel < t.Channels; channel++)
            {
                string weight = t.Lanes.Broadcast($"w[{(chain * t.Channels) + channel}]");
                text.Append($"                {t.Lanes.Type} w{chain}_{channel} = {weight};\n");
            }

            for (int row = 0; row < t.Rows; row++)
            {
                if (row > 0)
                {
                    text.Append($"                p{chain} += xRow;\n");
                }

                for (int vector = 0; vector < t.Vectors; vector++)
                {
                    Update(text, t, chain, row, vector);
                }
            }
        }

        text.Append($"                w += {chains * t.Channels};\n            }}\n\n");
    }

    private static void Update(StringBuilder text, Shape t, int chain, int row, int vector)
    {
        string pixels = t.Lanes.Load($"p{chain} + {vector * t.Lanes.Lanes}");
        if (t.Channels > 1)
        {
            text.Append($"                {t.Lanes.Type} v{chain}_{row}_{vector} = {pixels};\n");
            pixels = $"v{chain}_{row}_{vector}";
        }

        for (int channel = 0; channel < t.Channels; channel++)
        {
            string sum = Sum(channel, row, vector, chain);
            text.Append($"                {sum} = {t.Lanes.MultiplyAdd($"w{chain}_{channel}", pixels, sum)};\n");
        }
    }

    private static void End(StringBuilder text, Shape t)
    {
        foreach ((int channel, int row, int vector) in t.Sums)
        {
            for (int chain = 1; chain < t.Chains; chain++)
            {
                text.Append($"            {Sum(channel, row, vector, 0)} += {Sum(channel, row, vector, chain)};\n");
            }
        }

        text.Append("            if (added != null)\n            {\n");
        foreach ((int channel, int row, int vector) in t.Sums)
        {
            string added = t.Lanes.Load($"added + {Offset(t, channel, row, vector)}");
            text.Append($"                {Sum(channel, row, vector, 0)} += {added};\n");
        }

        text.Append($"                added += {t.Channels} * yChannel;\n            }}\n\n");
        text.Append($"            {t.Lanes.Type} min = {t.Lanes.Broadcast("floor")};\n");
        foreach ((int channel, int row, int vector) in t.Sums)
        {
            string sum = Sum(channel, row, vector, 0);
            string value = t.Bits == 0 ? $"Math.Max({sum}, min)" : $"Vector{t.Bits}.MaxNative(min, {sum})";
            text.Append($"            {t.Lanes.Store(value, $"y + {Offset(t, channel, row, vector)}")}\n");
        }
    }

    private static string Offset(Shape t, int channel, int row, int vector) =>
        $"({channel} * yChannel) + ({row} * yRow) + {vector * t.Lanes.Lanes}";

    private static string Sum(int channel, int row, int vector, int chain) => $"c{channel}_{row}_{vector}_{chain}";

    private sealed record Shape(int Bits, int Channels, int Rows, int Vectors)
    {
        public TileShape Lanes { get; } = new(Bits, 1, 1);

        public string Name => $"Sparse{Channels}x{Rows}x{Vectors}{(Bits == 0 ? "Scalar" : $"V{Bits}")}";

        /// <summary>Number of positions to process at a time, each with separate sums.</summary>
        public int Chains =>
            Channels * Rows * Vectors >= EnoughSums ? 1 : Channels * Rows * Vectors * 2 >= EnoughSums ? 2 : 4;

        public IEnumerable<(int Channel, int Row, int Vector)> Sums =>
            from channel in Enumerable.Range(0, Channels)
            from row in Enumerable.Range(0, Rows)
            from vector in Enumerable.Range(0, Vectors)
            select (channel, row, vector);
    }
}
