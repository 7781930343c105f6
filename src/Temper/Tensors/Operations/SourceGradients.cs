using Temper.Tensors.Memory;

namespace Temper.Tensors;

/// <summary>The results of a backward pass, one for each source, and when each of them is final.</summary>
internal sealed class SourceGradients
{
    private readonly TapeRecords _records;
    private readonly IReadOnlyList<(Tensor Output, Tensor Cotangent)> _outputs;
    private readonly IReadOnlyList<Tensor> _sources;
    private readonly Tensor?[] _slots;
    private readonly Tensor[] _results;
    private readonly Action<int, Tensor>? _ready;

    /// <summary>For each source, the first record that uses it: the last one of the backward pass that adds to its gradient.</summary>
    private readonly int[] _firstUses = [];

    /// <summary>The sources in the order in which their gradients become final.</summary>
    private readonly int[] _order = [];
    private int _reported;

    internal SourceGradients(
        TapeRecords records, IReadOnlyList<(Tensor Output, Tensor Cotangent)> outputs, IReadOnlyList<Tensor> sources, Tensor?[] slots,
        Action<int, Tensor>? ready)
    {
        (_records, _outputs, _sources, _slots, _ready) = (records, outputs, sources, slots, ready);
        _results = new Tensor[sources.Count];
        if (ready is not null)
        {
            _firstUses = FirstUses();
            _order = [.. Enumerable.Range(0, sources.Count).OrderByDescending(i => _firstUses[i])];     // a stable sort
        }
    }

    /// <summary>Reports the gradients to which no record before <paramref name="place"/> adds.</summary>
    internal void ReportFinal(int place)
    {
        while (_reported < _order.Length && _firstUses[_order[_reported]] >= place)
        {
            int source = _order[_reported++];
            Tensor gradient = Take(source);
            using (MemoryScope.Enter(MemoryScope.Lent))              // what the callback computes is not the tape's
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
            ref Tensor? slot = ref _slots[_records.PlaceOf(_sources[source])];
            result = slot ??= Zeros(_sources[source]);
            foreach ((_, Tensor cotangent) in _outputs)
            {
                // Passed on unchanged. The caller's tensor stays a constant, which the gradient is not.
                result = ReferenceEquals(result, cotangent) ? cotangent.Alias() : result;
            }
        }

        return result;
    }

    private int[] FirstUses()
    {
        int[] byPlace = new int[_records.Count];
        Array.Fill(byPlace, int.MaxValue);
        for (int place = _records.Count - 1; place >= 0; place--)
        {
            foreach (int input in _records[place].Inputs)
            {
                if (input >= 0)
                {
                    byPlace[input] = place;
                }
            }
        }

        return [.. _sources.Select(source => byPlace[_records.PlaceOf(source)])];
    }

    private static Tensor Zeros(Tensor source)
    {
        Tensor zeros = Tensor.Allocate(source.Shape, source.Layout);
        zeros.Writable().Clear();
        zeros.Storage.Retain();
        return zeros;
    }
}
