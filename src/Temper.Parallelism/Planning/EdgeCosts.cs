namespace Temper.Parallelism.Planning;

/// <summary>Costs of one edge for all pairs of patterns, with the minimization over the patterns of one end.</summary>
internal abstract class EdgeCosts
{
    /// <summary>
    /// Computes, for each pattern of the other end, the minimum over this end's patterns of their cost plus the cost of
    /// the edge.
    /// </summary>
    /// <param name="costs">Costs of the patterns of this end.</param>
    /// <param name="isForward">Whether this end is the start of the edge.</param>
    /// <param name="best">Receives the minimum for each pattern of the other end.</param>
    /// <param name="choice">Receives the minimizing pattern of this end for each pattern of the other end.</param>
    internal abstract void Cross(ReadOnlySpan<double> costs, bool isForward, Span<double> best, Span<int> choice);

    /// <summary>Returns the cost of the edge for one pair of patterns.</summary>
    internal abstract double Of(int from, int to);
}

/// <summary>Costs of an edge as a table of all pairs of patterns; the result of an elimination.</summary>
internal sealed class TableEdge(int count) : EdgeCosts
{
    internal double[] Costs { get; } = new double[count * count];

    internal override double Of(int from, int to) => Costs[(from * count) + to];

    internal override void Cross(ReadOnlySpan<double> costs, bool isForward, Span<double> best, Span<int> choice)
    {
        best.Fill(double.PositiveInfinity);
        choice.Clear();
        for (int here = 0; here < count; here++)
        {
            if (double.IsPositiveInfinity(costs[here]))
            {
                continue;
            }

            int start = isForward ? here * count : here, step = isForward ? 1 : count;
            for (int there = 0; there < count; there++)
            {
                double sum = costs[here] + Costs[start + (there * step)];
                if (sum < best[there])
                {
                    (best[there], choice[there]) = (sum, here);
                }
            }
        }
    }
}

/// <summary>
/// Costs of a value between two layers. They depend only on how many levels mismatch. <see cref="Cross"/> processes the
/// levels one by one and keeps a row for each class of mismatches so far. This takes K H C S steps, with K patterns, H
/// levels, C classes and S splits, in place of K² steps for a table of all pairs.
/// </summary>
internal sealed class ValueEdge : EdgeCosts
{
    private readonly Patterns _patterns;
    private readonly MismatchClasses _classes;
    private readonly double _scale;
    private readonly (LayerKind From, LayerKind To) _kinds;
    private readonly double[] _extra;
    private readonly CrossingScratch _scratch;

    internal ValueEdge(PlanCost cost, PlannedEdge edge, CrossingScratch scratch)
    {
        (_patterns, _classes, _scale, _kinds, _scratch) =
            (cost.Patterns, cost.Mismatches, cost.Scale(edge), cost.Kinds(edge), scratch);
        _extra = cost.Kind == CostKind.Table
            ? [.. Enumerable.Range(0, _patterns.Count).Select(from => cost.ExtraAfterSplit(edge, from))]
            : [];
    }

    internal override double Of(int from, int to)
    {
        double moved = _classes.Moved(_classes.ClassOf(_kinds, _patterns.Digits(from), _patterns.Digits(to)));
        return (_scale * moved) + (_extra.Length > 0 ? _extra[from] : 0);
    }

    internal override void Cross(ReadOnlySpan<double> costs, bool isForward, Span<double> best, Span<int> choice)
    {
        // Moved parts that multiply need one row per class. Moved parts that add can be charged directly, in a single
        // row.
        int count = _patterns.Count, rows = _classes.IsProduct ? _classes.Count : 1;
        (double[] sums, int[] choices, double[] nextSums, int[] nextChoices) = _scratch.Rent(rows * count);
        for (int i = 0; i < count; i++)
        {
            (sums[i], choices[i]) = (costs[i] + (isForward && _extra.Length > 0 ? _extra[i] : 0), i);
        }

        sums.AsSpan(count, (rows - 1) * count).Fill(double.PositiveInfinity);
        int stride = count;
        for (int level = 0; level < _patterns.Levels; level++)
        {
            stride /= _patterns.Splits;
            (int rowStep, double charge) =
                _classes.IsProduct ? (_classes.Increment(level), 0.0) : (0, _scale * _classes.Levels[level]);
            Step step = new(count, stride, rowStep * count, charge);
            CrossLevel(step, isForward, (sums, choices), (nextSums, nextChoices), rows);
            (sums, choices, nextSums, nextChoices) = (nextSums, nextChoices, sums, choices);
        }

        for (int there = 0; there < count; there++)
        {
            (best[there], choice[there]) =
                (sums[there] + (isForward || _extra.Length == 0 ? 0 : _extra[there]), choices[there]);
            for (int row = 1; row < rows; row++)
            {
                double sum = sums[(row * count) + there]
                    + (_scale * _classes.Moved(row))
                    + (isForward || _extra.Length == 0 ? 0 : _extra[there]);
                if (sum < best[there])
                {
                    (best[there], choice[there]) = (sum, choices[(row * count) + there]);
                }
            }
        }
    }

    private void CrossLevel(
        Step step, bool isForward, (double[] Sums, int[] Choices) from, (double[] Sums, int[] Choices) to, int rows)
    {
        int splits = _patterns.Splits, block = step.Stride * splits;
        for (int there = 0; there < splits; there++)
        {
            for (int here = 0; here < splits; here++)
            {
                bool moves = isForward
                    ? TensorAxes.Mismatch(_kinds.From, here, _kinds.To, there)
                    : TensorAxes.Mismatch(_kinds.From, there, _kinds.To, here);
                int back = moves ? step.Row : 0;
                double charge = moves ? step.Charge : 0;
                for (int row = 0; row < rows * step.Count; row += step.Count)
                {
                    for (int start = row; start < row + step.Count; start += block)
                    {
                        Range target = Part(start + (there * step.Stride), step.Stride),
                            source = Part(start + (here * step.Stride) - back, step.Stride);
                        if (here == 0)
                        {
                            to.Sums.AsSpan(target).Fill(double.PositiveInfinity);
                        }

                        if (row >= back)
                        {
                            TakeSmaller(
                                from.Sums.AsSpan(source), from.Choices.AsSpan(source), charge, to.Sums.AsSpan(target),
                                to.Choices.AsSpan(target));
                        }
                    }
                }
            }
        }
    }

    private static Range Part(int start, int length) => start < 0 ? default : start..(start + length);

    private static void TakeSmaller(
        ReadOnlySpan<double> sums, ReadOnlySpan<int> choices, double charge, Span<double> best, Span<int> choice)
    {
        for (int i = 0; i < best.Length; i++)
        {
            double sum = sums[i] + charge;
            if (sum < best[i])
            {
                (best[i], choice[i]) = (sum, choices[i]);
            }
        }
    }

    private readonly record struct Step(int Count, int Stride, int Row, double Charge);
}

/// <summary>Scratch memory for <see cref="ValueEdge.Cross"/>, shared by all edges.</summary>
internal sealed class CrossingScratch
{
    private double[] _sums = [], _nextSums = [];
    private int[] _choices = [], _nextChoices = [];

    internal (double[] Sums, int[] Choices, double[] NextSums, int[] NextChoices) Rent(int length)
    {
        if (_sums.Length < length)
        {
            (_sums, _nextSums, _choices, _nextChoices) =
                (new double[length], new double[length], new int[length], new int[length]);
        }

        return (_sums, _choices, _nextSums, _nextChoices);
    }
}
