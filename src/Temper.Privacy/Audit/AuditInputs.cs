using Temper.Data;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Audit;

/// <summary>What an audit works with besides the bundle.</summary>
public sealed record AuditInputs
{
    /// <summary>
    /// The developer's weights, <c>[O, C, KH, KW]</c>, which an outsider who made them has; null: attacks that need
    /// them are left out.
    /// </summary>
    public Tensor? Weights { get; init; }

    /// <summary>Pictures of the first morphed rows that an outsider knows, <c>[k, ...]</c>; null: none.</summary>
    public Tensor? Pairs { get; init; }

    /// <summary>
    /// The plain training set that was morphed, in its order: what recovered pictures are compared with; null:
    /// consistency alone is judged.
    /// </summary>
    public Dataset? Truth { get; init; }

    /// <summary>Pictures to recover and to measure.</summary>
    public int Pictures { get; init; } = 32;

    /// <summary>Rows that attacks on whole sets use at most.</summary>
    public int SetRows { get; init; } = 2000;

    /// <summary>Told what runs.</summary>
    public Action<string>? Progress { get; init; }

    /// <summary>The clock that attacks are timed by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Rows and pictures of one audit, read once.</summary>
internal sealed class AuditRows
{
    internal AuditRows(MorphBundle bundle, AuditInputs inputs)
    {
        Map = bundle.Map;
        using MorphedDataset rows = bundle.OpenPart("train");
        if (inputs.Truth is { } truth && (truth.Count != rows.Count || truth.SampleShape.Count != Map.Inputs))
        {
            throw new ArgumentException(
                $"audit: the truth is not what was morphed (got {truth.Count} samples {truth.SampleShape}, expected "
                + $"{rows.Count} of [{Map.Channels}, {Map.Height}, {Map.Width}]); name the set of temper morph data");
        }

        Count = Math.Min(inputs.Pictures, rows.Count);
        SetCount = Math.Min(
            Math.Max(inputs.SetRows, Count + (inputs.Pairs is { Rank: > 0 } known ? known.Shape[0] : 0)), rows.Count);
        Rows = Read(rows, SetCount);
        Labels = [.. Enumerable.Range(0, SetCount).Select(rows.Label)];
        Truth = inputs.Truth is null ? null : Read(inputs.Truth, SetCount);
        Mean = new float[Map.Inputs];
        for (int i = 0; i < SetCount && Truth is not null; i++)
        {
            System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(
                Truth.AsSpan(i * Map.Inputs, Map.Inputs), 1f / SetCount, Mean, Mean);
        }
    }

    internal MorphMap Map { get; }

    /// <summary>Pictures to recover.</summary>
    internal int Count { get; }

    /// <summary>Rows that were read.</summary>
    internal int SetCount { get; }

    /// <summary>Morphed rows, <c>[set count, d]</c>.</summary>
    internal float[] Rows { get; }

    /// <summary>Their labels, which a bundle holds in the clear.</summary>
    internal long[] Labels { get; }

    /// <summary>Their pictures; null: not known.</summary>
    internal float[]? Truth { get; }

    /// <summary>The mean picture.</summary>
    internal float[] Mean { get; }

    /// <summary>The rows whose pictures are to be recovered.</summary>
    internal float[] Targets => Rows[..(Count * Map.Inputs)];

    internal float[]? TargetTruth => Truth?[..(Count * Map.Inputs)];

    private static float[] Read(Dataset data, int count)
    {
        int size = data.SampleShape.Count;
        float[] rows = new float[checked(count * size)];
        for (int i = 0; i < count; i++)
        {
            data.CopySample(i, rows.AsSpan(i * size, size));
        }

        return rows;
    }
}
