using System.Globalization;
using System.Text;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Formats a network as a table with aligned columns.</summary>
internal static class NetworkTable
{
    private static readonly string[] Head = ["node", "operator", "output", "parameters", "MACs", "bytes"];

    internal static string Of(Network network)
    {
        NetworkCost cost = network.Cost();
        var rows = new List<string[]> { Head };
        rows.AddRange(
            network.Inputs.Select(input =>
                new[] { input.Name, "Input", Shown(network, input.Name, input.BatchShape(1)), "", "", "" }));
        rows.AddRange(cost.Nodes.Select(node => new[]
        {
            node.Name, node.Kind, Shown(network, node.Name, node.Output), Count(node.Parameters), Count(node.Macs),
            Count(node.Bytes),
        }));
        rows.Add(["total", "", "", Grouped(cost.Parameters), Grouped(cost.Macs), Grouped(cost.Bytes)]);
        int[] widths = [.. Enumerable.Range(0, Head.Length).Select(column => rows.Max(row => row[column].Length))];

        var text = new StringBuilder();
        for (int i = 0; i < rows.Count; i++)
        {
            AppendRow(text, rows[i], widths);
            if (i == 0 || i == rows.Count - 2)
            {
                text.Append('-', widths.Sum() + (2 * (widths.Length - 1))).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>Appends one row: text columns are left-aligned, numbers right-aligned.</summary>
    private static void AppendRow(StringBuilder text, string[] row, int[] widths)
    {
        const int WordColumns = 3;
        var line = new StringBuilder();
        for (int column = 0; column < row.Length; column++)
        {
            int width = widths[column];
            line.Append(column < WordColumns ? row[column].PadRight(width) : row[column].PadLeft(width)).Append("  ");
        }

        text.Append(line.ToString().TrimEnd()).Append('\n');
    }

    /// <summary>The shape of a value, with N for the length of a batch axis.</summary>
    private static string Shown(Network network, string value, Shape shape) => network.Graph.InfoOf(value).IsBatched
        ? $"[{string.Join(", ", shape.Skip(1).Select(length => $"{length}").Prepend("N"))}]"
        : shape.ToString();

    private static string Count(long number) => number == 0 ? "-" : Grouped(number);

    private static string Grouped(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
