using Temper.Optimization;
using Temper.Parallelism.Collectives;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Divides the optimizer state among ranks that all hold the whole network. Each rank keeps the state of some
/// parameters, updates them and sends their values to the others (ZeRO stage 1, Rajbhandari et al. 2020,
/// arXiv:1910.02054). Results are bit-identical.
/// </summary>
internal sealed class OptimizerShards : IStepShards
{
    private readonly Communicator _ranks;

    /// <summary>The rank that owns each trained parameter. The parameters of a rank are consecutive.</summary>
    private readonly int[] _owners;
    private float[] _values = [];

    /// <summary>
    /// Divides the optimizer state of a learner and frees the state that other ranks own. Must be called by all ranks.
    /// </summary>
    internal OptimizerShards(Communicator ranks, Learner learner)
    {
        (_ranks, _owners) = (ranks, Owners(learner.Trained, ranks.Size));
        for (int i = 0; i < _owners.Length; i++)
        {
            TrainedParameter trained = learner.Trained.All[i];
            if (!Owns(i))
            {
                OptimizerSlot[] empty = [.. trained.State.Slots.Select(slot => slot with { Values = [] })];
                learner.Trained.All[i] = trained with { State = new OptimizerState(trained.State.Steps, empty) };
            }
        }

        learner.Shards = this;
    }

    /// <inheritdoc/>
    public bool Owns(int index) => _owners[index] == _ranks.Rank;

    /// <inheritdoc/>
    public void Share(TrainedParameters trained)
    {
        for (int owner = 0; owner < _ranks.Size; owner++)
        {
            Span<float> packed = Reserve(trained, owner);
            int start = 0;
            for (int i = 0; i < _owners.Length; i++)
            {
                if (_owners[i] == owner && owner == _ranks.Rank)
                {
                    ReadOnlySpan<float> own = trained.All[i].Parameter.Value.Physical();
                    own.CopyTo(packed[start..]);
                    start += own.Length;
                }
            }

            _ranks.Broadcast(packed, owner);
            Unpack(trained, owner, packed);
        }
    }

    /// <summary>Returns a learner with the optimizer state gathered from all ranks, for a checkpoint.</summary>
    internal Learner Whole(Learner learner)
    {
        Span<double> steps = new double[_owners.Length];
        var states = new Dictionary<string, OptimizerState>(StringComparer.Ordinal);
        for (int i = 0; i < _owners.Length; i++)
        {
            steps[i] = Owns(i) ? learner.Trained.All[i].State.Steps : 0;
        }

        _ranks.AllReduce(steps);
        for (int i = 0; i < _owners.Length; i++)
        {
            TrainedParameter trained = learner.Trained.All[i];
            OptimizerSlot[] slots =
                [.. trained.State.Slots.Select(slot => slot with { Values = Gathered(i, trained, slot) })];
            states.Add(trained.Parameter.Name, new OptimizerState((long)steps[i], slots));
        }

        return learner.With(learner.Network, parameter =>
            (states[parameter.Name], learner.Trained.Find(parameter.Name)!.Average?.AsSpan().ToArray()));
    }

    private float[] Gathered(int index, TrainedParameter trained, OptimizerSlot slot)
    {
        float[] values = Owns(index) ? [.. slot.Values] : new float[trained.Parameter.Value.Count];
        _ranks.Broadcast(values, _owners[index]);
        return values;
    }

    private void Unpack(TrainedParameters trained, int owner, ReadOnlySpan<float> packed)
    {
        int start = 0;
        for (int i = 0; i < _owners.Length && owner != _ranks.Rank; i++)
        {
            if (_owners[i] == owner)
            {
                Tensors.Tensor value = trained.All[i].Parameter.Value;
                packed.Slice(start, value.Count).CopyTo(value.Writable());
                value.Storage.MarkWritten();
                start += value.Count;
            }
        }
    }

    /// <summary>Returns scratch memory for the values of the parameters that a rank owns.</summary>
    private Span<float> Reserve(TrainedParameters trained, int owner)
    {
        int count = 0;
        for (int i = 0; i < _owners.Length; i++)
        {
            count += _owners[i] == owner ? trained.All[i].Parameter.Value.Count : 0;
        }

        _values = _values.Length < count ? new float[count] : _values;
        return _values.AsSpan(0, count);
    }

    /// <summary>Divides the parameters into consecutive groups of about equal size, one per rank.</summary>
    private static int[] Owners(TrainedParameters trained, int ranks)
    {
        long total = trained.All.Sum(one => (long)one.Parameter.Value.Count), before = 0;
        int[] owners = new int[trained.Count];
        for (int i = 0; i < owners.Length; i++)
        {
            int count = trained.All[i].Parameter.Value.Count;
            owners[i] = (int)((before + (count / 2)) * ranks / total);
            before += count;
        }

        return owners;
    }
}
