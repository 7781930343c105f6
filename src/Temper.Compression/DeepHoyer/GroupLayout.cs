using Temper.Compression.Pruning;
using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// Assigns the weights of a parameter to groups. The weights are a matrix of output channels x (input channels and
/// kernel positions). Each run of consecutive weights in a row belongs to a column group; a grouping may also make each
/// row a group. Row groups have the first indices.
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
        _run = isBlock ? block.Columns
            : grouping == Grouping.FilterAndChannel && hasGroups ? _width / parameter.Value.Shape[1]
            : 1;
        (HasRowGroups, _blockRows) = (!isBlock, block.Rows);
        Count = !hasGroups ? 0 : isBlock ? Units(_height, _blockRows) * Columns : _height + Columns;
    }

    /// <summary>Number of groups; 0: the parameter has none.</summary>
    internal int Count { get; }

    /// <summary>Whether rows are groups in addition to columns.</summary>
    internal bool HasRowGroups { get; }

    /// <summary>
    /// Number of groups in the first partition of the weights: the rows, or all groups if rows are not groups.
    /// </summary>
    internal int FirstPartition => HasRowGroups ? _height : Count;

    private int Columns => Units(_width, _run);

    /// <summary>Adds the squares of a block's weights to the sums of their groups and to the total.</summary>
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

    /// <summary>Returns the index of the first column group of a row.</summary>
    private int ColumnGroups(int row) => HasRowGroups ? _height : row / _blockRows * Columns;
}
