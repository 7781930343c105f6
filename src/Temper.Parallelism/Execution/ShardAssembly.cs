using Temper.Networks;
using Temper.Optimization;
using Temper.Parallelism.Collectives;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Assembles a whole learner from the shards of all ranks: weights, optimizer state and weight averages.
/// </summary>
internal sealed class ShardAssembly(ShardedNetwork sharded, Communicator ranks)
{
    internal Learner Of(Learner shard)
    {
        float[][] pieces = Gathered(
        [
            .. Layers().Where(one => one.Layer.IsFirst(ranks.Rank, one.Parameter))
                .SelectMany(one => Numbers(shard, Name(one))),
        ]);
        int[] places = new int[ranks.Size];
        var arrays = new Dictionary<string, float[][]>(StringComparer.Ordinal);
        foreach ((ShardedLayer Layer, int Parameter) one in Layers())
        {
            Shape shape = sharded.Whole.Parameters[Name(one)].Value.Shape;
            int kinds = Kinds(shard, Name(one));
            float[][] whole = [.. Enumerable.Range(0, kinds).Select(_ => new float[shape.Count])];
            for (int rank = 0; rank < ranks.Size; rank++)
            {
                if (one.Layer.IsFirst(rank, one.Parameter))
                {
                    int[] targets = Targets(one, rank, shape);
                    foreach (float[] array in whole)
                    {
                        for (int i = 0; i < targets.Length; i++)
                        {
                            array[targets[i]] = pieces[rank][places[rank] + i];
                        }

                        places[rank] += targets.Length;
                    }
                }
            }

            arrays.Add(Name(one), whole);
        }

        return Learner(shard, arrays);
    }

    private Learner Learner(Learner shard, Dictionary<string, float[][]> arrays)
    {
        Network network = sharded.Whole.WithParameters(sharded.Whole.Parameters
            .Where(parameter => arrays[parameter.Name].Length > 0)
            .Select(parameter =>
                parameter with { Value = Tensor.From(arrays[parameter.Name][0], parameter.Value.Shape) }));
        TrainedParameter known = shard.Trained.All[0];
        return shard.With(network, parameter =>
        {
            float[][] own = arrays[parameter.Name];
            long steps = shard.Trained.Find(parameter.Name)?.State.Steps ?? known.State.Steps;
            OptimizerSlot[] slots = [.. known.State.Slots.Select((slot, i) => slot with { Values = own[1 + i] })];
            return (new OptimizerState(steps, slots), known.Average is null ? null : own[^1]);
        });
    }

    /// <summary>The parameters of all layers in order, weight before bias.</summary>
    private IEnumerable<(ShardedLayer Layer, int Parameter)> Layers() =>
        sharded.Layers.SelectMany(
            layer => Enumerable.Range(0, layer.Node.Parameters.Count).Select(parameter => (layer, parameter)));

    private static string Name((ShardedLayer Layer, int Parameter) one) => one.Layer.Node.Parameters[one.Parameter];

    /// <summary>
    /// Number of arrays kept per parameter: its values, the optimizer's slots and the weight average. 0 if the
    /// parameter is frozen: the whole network already has its values.
    /// </summary>
    private int Kinds(Learner shard, string name)
    {
        bool isTrained = TrainedParameters.IsTrained(sharded.Whole.Parameters[name], shard.Options);
        TrainedParameter known = shard.Trained.All[0];
        return isTrained ? 1 + known.State.Slots.Count + (known.Average is null ? 0 : 1) : 0;
    }

    private static IEnumerable<float> Numbers(Learner shard, string name)
    {
        if (shard.Trained.Find(name) is not { } trained)
        {
            return [];
        }

        return trained.Parameter.Value.ToArray<float>()
            .Concat(trained.State.Slots.SelectMany(slot => slot.Values)).Concat(trained.Average ?? []);
    }

    /// <summary>Indices of the elements of a rank's shard in the whole parameter.</summary>
    private static int[] Targets((ShardedLayer Layer, int Parameter) one, int rank, Shape shape)
    {
        int[][] axes =
        [
            .. one.Layer.Moves(rank)
                .Where(move => string.Equals(move.To, Name(one), StringComparison.Ordinal))
                .Select(move => move.Kept.ToArray()),
        ];
        int inner = shape.Count;
        for (int axis = 0; axis < axes.Length; axis++)
        {
            inner /= shape[axis];
        }

        IEnumerable<int> places = [0];
        for (int axis = 0; axis < axes.Length; axis++)
        {
            int[] kept = axes[axis];
            int length = shape[axis];
            places = places.SelectMany(place => kept.Select(index => (place * length) + index));
        }

        return [.. places.SelectMany(place => Enumerable.Range(place * inner, inner))];
    }

    /// <summary>Gathers the arrays of all ranks on every rank.</summary>
    private float[][] Gathered(float[] own)
    {
        double[] lengths = new double[ranks.Size];
        lengths[ranks.Rank] = own.Length;
        ranks.AllReduce(lengths);
        int[] receive = [.. lengths.Select(length => (int)length)],
            send = [.. Enumerable.Repeat(own.Length, ranks.Size)];
        float[] copies = [.. Enumerable.Repeat(own, ranks.Size).SelectMany(copy => copy)],
            all = new float[receive.Sum()];
        ranks.Exchange(copies, send, all, receive);
        int place = 0;
        return [.. receive.Select(length => all[place..(place += length)])];
    }
}
