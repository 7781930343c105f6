using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Robustness.Feedback;

/// <summary>The feedback examples of the last rounds.</summary>
internal sealed class FeedbackReservoir
{
    private readonly IReadOnlyList<FeedbackSet> _sets;
    private readonly int _most;
    private readonly long[] _labels;
    private readonly Tensor? _inputs;

    private FeedbackReservoir(IReadOnlyList<FeedbackSet> sets, int most)
    {
        (_sets, _most) = (sets, most);
        _labels = [.. sets.SelectMany(set => set.Labels)];
        _inputs = sets.Count == 0 ? null : sets.Count == 1 ? sets[0].Inputs : Tensor.Concatenate(
            [.. sets.Select(set => set.Inputs)], 0);
    }

    internal int Count => _labels.Length;

    /// <summary>An empty one.</summary>
    /// <param name="most">Rounds that are kept.</param>
    internal static FeedbackReservoir Empty(int most) => new([], most);

    /// <summary>With the examples of one more round; those of the oldest go.</summary>
    internal FeedbackReservoir With(FeedbackSet set) =>
        new([.. _sets.Append(set).Where(one => one.Labels.Count > 0).TakeLast(_most)], _most);

    /// <summary>Some examples, drawn with replacement.</summary>
    internal (Tensor Inputs, long[] Labels) Draw(int count, RandomStream stream)
    {
        int[] places = new int[count];
        stream.Cursor().Fill(places, Count);
        Tensor index = Tensor.From(Array.ConvertAll(places, place => (long)place), [count]);
        return (_inputs!.IndexSelect(0, index), [.. places.Select(place => _labels[place])]);
    }

    /// <summary>Stands for the examples in the fingerprint of a run.</summary>
    internal string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(_inputs is null ? default : _inputs.AsSpan<float>()));
        hash.AppendData(MemoryMarshal.AsBytes(_labels.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}

/// <summary>
/// Training on batches of which a part is feedback examples. A step costs as many passes as a plain one.
/// </summary>
internal sealed record FeedbackObjective : Objective
{
    internal required FeedbackReservoir Reservoir { get; init; }

    /// <summary>Part of each batch that is replaced by examples, 0 to 1.</summary>
    internal required double Share { get; init; }

    internal required TrainingLoss Loss { get; init; }

    public override Batch Prepare(Network network, Batch batch, RandomStream stream)
    {
        int rows = batch.Inputs.Shape[0], drawn = (int)Math.Round(rows * Share), kept = rows - drawn;
        if (drawn == 0 || Reservoir.Count == 0)
        {
            return batch;
        }

        // The loader shuffles: the last rows are as good as any.
        (Tensor inputs, long[] labels) = Reservoir.Draw(drawn, stream);
        return batch with
        {
            Inputs = kept == 0 ? inputs : Tensor.Concatenate([batch.Inputs.Slice(0, 0, kept), inputs], 0),
            Targets = Tensor.From([.. batch.Targets.AsSpan<long>()[..kept], .. labels], [rows]),
        };
    }

    public override ObjectiveValue Value(Network network, Pass pass, Batch batch)
    {
        Tensor output = network.Forward(batch.Inputs, pass);
        return new ObjectiveValue(Loss.Value(output, batch.Targets), output);
    }

    public override JsonNode Fingerprint() =>
        new JsonObject { ["share"] = Share, ["examples"] = Reservoir.Digest(), ["loss"] = Fingerprints.Of(Loss) };
}
