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

/// <summary>The feedback examples of the most recent rounds.</summary>
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

    /// <summary>Creates an empty reservoir.</summary>
    /// <param name="most">Maximum number of rounds to keep.</param>
    internal static FeedbackReservoir Empty(int most) => new([], most);

    /// <summary>
    /// Returns a reservoir with the examples of one more round; the oldest round is dropped if there are too many.
    /// </summary>
    internal FeedbackReservoir With(FeedbackSet set) =>
        new([.. _sets.Append(set).Where(one => one.Labels.Count > 0).TakeLast(_most)], _most);

    /// <summary>Draws examples with replacement.</summary>
    internal (Tensor Inputs, long[] Labels) Draw(int count, RandomStream stream)
    {
        int[] places = new int[count];
        stream.Cursor().Fill(places, Count);
        Tensor index = Tensor.From(Array.ConvertAll(places, place => (long)place), [count]);
        return (_inputs!.IndexSelect(0, index), [.. places.Select(place => _labels[place])]);
    }

    /// <summary>Returns a hash of the examples, for the fingerprint of a run.</summary>
    internal string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(_inputs is null ? default : _inputs.AsSpan<float>()));
        hash.AppendData(MemoryMarshal.AsBytes(_labels.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}

/// <summary>
/// Trains on batches that contain a fraction of feedback examples. A step costs the same number of passes as in plain
/// training.
/// </summary>
internal sealed record FeedbackObjective : Objective
{
    internal required FeedbackReservoir Reservoir { get; init; }

    /// <summary>Fraction of each batch that is replaced by feedback examples, 0 to 1.</summary>
    internal required double Share { get; init; }

    internal required TrainingLoss Loss { get; init; }

    public override TrainingLoss? LabelLoss => Loss;

    public override Batch Prepare(Network network, Batch batch, RandomStream stream)
    {
        int rows = batch.Inputs.Shape[0], drawn = (int)Math.Round(rows * Share), kept = rows - drawn;
        if (drawn == 0 || Reservoir.Count == 0)
        {
            return batch;
        }

        // The loader shuffles the samples, so it does not matter which rows are replaced.
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
