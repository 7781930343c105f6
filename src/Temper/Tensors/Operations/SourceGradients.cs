using System.Buffers;
using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>The results of a backward pass, one per source. Tracks when each gradient is final.</summary>
internal sealed class SourceGradients
{
    private readonly TapeRecords _records;
    private readonly IReadOnlyList<(Tensor Output, Tensor Cotangent)> _outputs;
    private readonly IReadOnlyList<Tensor> _sources;
    private readonly Tensor?[] _slots;
    private readonly Tensor[] _results;
    private readonly Action<int, Tensor>? _ready;

    /// <summary>
    /// For each source, the index of the first record that uses it. Because the backward pass runs in reverse, that
    /// record is the last to add to the gradient.
    /// </summary>
    private readonly int[] _firstUses = [];

    /// <summary>Indices of the sources, in the order in which their gradients become final.</summary>
    private readonly int[] _order = [];
    private int _reported;

    internal SourceGradients(
        TapeRecords records, IReadOnlyList<(Tensor Output, Tensor Cotangent)> outputs, IReadOnlyList<Tensor> sources,
        Tensor?[] slots,
        Action<int, Tensor>? ready)
    {
        (_records, _outputs, _sources, _slots, _ready) = (records, outputs, sources, slots, ready);
        _results = new Tensor[sources.Count];
        if (ready is not null)
        {
            _firstUses = FirstUses();
            _order = new int[sources.Count];
            SortByFirstUse();
        }
    }

    /// <summary>Reports the gradients to which no record below <paramref name="index"/> adds.</summary>
    internal void ReportFinal(int index)
    {
        while (_reported < _order.Length && _firstUses[_order[_reported]] >= index)
        {
            int source = _order[_reported++];
            Tensor gradient = Take(source);
            // tensors created by the callback do not belong to the tape
            using (MemoryScope.Enter(MemoryScope.Rented))
            {
                _ready!(source, gradient);
            }
        }
    }

    internal GradientMap Map()
    {
        for (int i = 0; i < _results.Length; i++)
        {
            Take(i);
        }

        return new GradientMap(_sources, _results);
    }

    private Tensor Take(int source)
    {
        ref Tensor? result = ref _results[source]!;
        if (result is null)
        {
            ref Tensor? slot = ref _slots[_records.IndexOf(_sources[source])];
            result = slot ??= Zeros(_sources[source]);
            foreach ((_, Tensor cotangent) in _outputs)
            {
                // The result is the caller's cotangent. Return an alias, because the caller's tensor is a constant.
                result = ReferenceEquals(result, cotangent) ? cotangent.Alias() : result;
            }
        }

        return result;
    }

    /// <summary>Sorts the sources by first use, last first; equal ones keep their order.</summary>
    private void SortByFirstUse()
    {
        long[] keys = ArrayPool<long>.Shared.Rent(_order.Length);
        for (int i = 0; i < _order.Length; i++)
        {
            (_order[i], keys[i]) = (i, ((long)(int.MaxValue - _firstUses[i]) << 32) | (uint)i);
        }

        Array.Sort(keys, _order, 0, _order.Length);
        ArrayPool<long>.Shared.Return(keys);
    }

    private int[] FirstUses()
    {
        int[] byIndex = ArrayPool<int>.Shared.Rent(_records.Count);
        byIndex.AsSpan(0, _records.Count).Fill(int.MaxValue);
        for (int index = _records.Count - 1; index >= 0; index--)
        {
            foreach (int input in _records[index].Inputs)
            {
                if (input >= 0)
                {
                    byIndex[input] = index;
                }
            }
        }

        int[] firstUses = new int[_sources.Count];
        for (int i = 0; i < firstUses.Length; i++)
        {
            firstUses[i] = byIndex[_records.IndexOf(_sources[i])];
        }

        ArrayPool<int>.Shared.Return(byIndex);
        return firstUses;
    }

    private static Tensor Zeros(Tensor source)
    {
        Tensor zeros = Tensor.Allocate(source.Shape, source.Layout);
        zeros.Writable().Clear();
        zeros.Storage.Retain();
        return zeros;
    }
}
