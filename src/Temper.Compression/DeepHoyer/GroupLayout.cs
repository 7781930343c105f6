using Temper.Compression.Pruning;
using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// Where the groups of a parameter are. Weights are a matrix of outputs by inputs and kernel positions. A grouping
/// gives each run of consecutive weights in a row a column group, and may give the row a group too; row groups come
/// first.
/// </summary>
internal readonly struct GroupLayout
{
    private readonly int _height;
    private readonly int _width;
    private readonly int _run;
    private readonly int _blockRows;

    internal GroupLayout(Parameter parameter, Grouping grouping)
    {
        bool isBlock = grouping.Block is not null;
        WeightBlockShape block = grouping.Block ?? WeightBlockShape.Single;
        bool hasGroups = parameter.Value.Rank > 1 && parameter.Value.Count > 0;
        _height = hasGroups ? parameter.Value.Shape[0] : 0;
        _width = hasGroups ? parameter.Value.Count / _height : 1;
        _run = isBlock ? block.Columns : grouping == Grouping.FilterAndChannel
            && hasGroups ? _width / parameter.Value.Shape[1] : 1;
        (HasRowGroups, _blockRows) = (!isBlock, block.Rows);
        Count = !hasGroups ? 0 : isBlock ? Units(_height, _blockRows) * Columns : _height + Columns;
    }

    /// <summary>Groups in all; 0: the parameter has none.</summary>
    internal int Count { get; }

    /// <summary>Whether rows are groups besides columns.</summary>
    internal bool HasRowGroups { get; }

    /// <summary>How many groups partition the weights for the first time; the others do for the second.</summary>
    internal int FirstPartition => HasRowGroups ? _height : Count;

    private int Columns => Units(_width, _run);

    /// <summary>Adds the squares of a block's weights to those of their groups, and to the sum of all.</summary>
    internal void AddSquares(in WeightBlock block, Span<double> sums)
    {
        double all = 0;
        for (int at = 0; at < block.Weights.Length;)
        {
            (int row, int column) = Math.DivRem(block.Start + at, _width);
            int length = Math.Min(_width - column, block.Weights.Length - at);
            Span<double> groups = sums.Slice(ColumnGroups(row), Columns);
            double squares = GroupedWeights.AddSquares(block.Weights.Slice(at, length), column, _run, groups);
            all += squares;
            if (HasRowGroups)
            {
                sums[row] += squares;
            }

            at += length;
        }

        sums[Count] += all;
    }

    /// <summary>Adds each weight times the factors of its groups to the gradient.</summary>
    internal void AddScaled(in WeightBlock block, ReadOnlySpan<double> factors, Span<float> gradient)
    {
        for (int at = 0; at < block.Weights.Length;)
        {
            (int row, int column) = Math.DivRem(block.Start + at, _width);
            int length = Math.Min(_width - column, block.Weights.Length - at);
            double rowFactor = HasRowGroups ? factors[row] : 0;
            GroupedWeights.AddScaled(
                block.Weights.Slice(at, length), column, _run,
                new GroupFactors { Row = rowFactor, Groups = factors.Slice(ColumnGroups(row), Columns) },
                gradient.Slice(at, length));
            at += length;
        }
    }

    private static int Units(int length, int block) => (int)(((long)length + block - 1) / block);

    /// <summary>The first column group of a row.</summary>
    private int ColumnGroups(int row) => HasRowGroups ? _height : row / _blockRows * Columns;
}
