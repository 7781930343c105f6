using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Finds out what a Reshape does to the batch: divides the parts of the old axes among the new ones, in order, so that
/// each new axis has the right length for both batch sizes.
/// </summary>
internal sealed class BatchReshape
{
    private readonly (long First, long Second) _batch;
    private readonly int[] _lengths;
    private readonly int _place;
    private readonly List<int> _inner = [];
    private readonly List<int> _counts = [];
    private int _at;
    private long _rest;
    private int _newPlace;

    private BatchReshape(MovedBatch x, (int First, int Second) batch)
    {
        (_batch, _place) = (batch, x.Place);
        _lengths = [.. x.Inner.Shape.Skip(1)];
        Next(0);
    }

    /// <summary>
    /// Returns the lengths of the new inner value after the batch, the place of the batch among the parts, and the
    /// number of parts of each new axis; null if an axis would need only some of the samples.
    /// </summary>
    /// <param name="x">The value.</param>
    /// <param name="batch">The two batch sizes.</param>
    /// <param name="first">The new lengths for the first batch size.</param>
    /// <param name="second">The new lengths for the second batch size.</param>
    internal static (int[] Inner, int Place, int[] Parts)? Find(
        MovedBatch x, (int First, int Second) batch, IReadOnlyList<int> first, IReadOnlyList<int> second)
    {
        bool isReadable = batch.First != batch.Second && first.Count == second.Count
            && first.Concat(second).Concat(x.Inner.Shape.Skip(1)).All(length => length >= 1);
        if (!isReadable)
        {
            return null;
        }

        var reshape = new BatchReshape(x, batch);
        bool fits = first.Zip(second).All(lengths => reshape.Fill(lengths.First, lengths.Second));
        return fits && reshape.IsUsedUp()
            ? ([.. reshape._inner], reshape._newPlace, [.. reshape._counts])
            : null;
    }

    private bool IsAtEnd => _at > _lengths.Length;

    private bool IsAtBatch => _at == _place;

    /// <summary>Gives a new axis its parts; neighboring parts without the batch between them become one.</summary>
    private bool Fill(long first, long second)
    {
        int parts = 0;
        long merged = 1;
        while (first != 1 || second != 1)
        {
            if (IsAtEnd || (IsAtBatch ? !HasBatch(first, second) : !HasPart(first, second)))
            {
                return false;
            }

            if (IsAtBatch)
            {
                parts += Close(ref merged);
                _newPlace = _counts.Sum() + parts++;
                (first, second) = (first / _batch.First, second / _batch.Second);
                Next(_at + 1);
                continue;
            }

            long taken = Taken(first, second);
            (merged, _rest) = (merged * taken, _rest / taken);
            (first, second) = (first / taken, second / taken);
            if (_rest == 1)
            {
                Next(_at + 1);
            }
        }

        parts += Close(ref merged);
        if (parts == 0)
        {
            _inner.Add(1);
            parts = 1;
        }

        _counts.Add(parts);
        return true;
    }

    private bool HasBatch(long first, long second) =>
        first % _batch.First == 0 && first * _batch.Second == second * _batch.First;

    private bool HasPart(long first, long second) =>
        first % Taken(first, second) == 0 && second % Taken(first, second) == 0;

    /// <summary>
    /// Returns the length taken from the current part: all of it, or the piece that completes an axis without batch.
    /// </summary>
    private long Taken(long first, long second) => first == second && _rest % first == 0 ? first : _rest;

    /// <summary>Skips parts of length 1; returns whether no others are left.</summary>
    private bool IsUsedUp()
    {
        while (!IsAtEnd && !IsAtBatch && _rest == 1)
        {
            Next(_at + 1);
        }

        return IsAtEnd;
    }

    /// <summary>Ends a merged part; returns the number of parts added.</summary>
    private int Close(ref long merged)
    {
        if (merged == 1)
        {
            return 0;
        }

        _inner.Add((int)merged);
        merged = 1;
        return 1;
    }

    private void Next(int part)
    {
        _at = part;
        _rest = IsAtEnd || IsAtBatch ? 1 : _lengths[part < _place ? part : part - 1];
    }
}
