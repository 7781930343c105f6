using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Data;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Audit;

/// <summary>Inputs of an audit in addition to the bundle.</summary>
public sealed record AuditInputs
{
    /// <summary>
    /// The developer's weights, <c>[O, C, KH, KW]</c>, known to an outsider who made them; null: attacks that need them
    /// are not run.
    /// </summary>
    public Tensor? Weights { get; init; }

    /// <summary>
    /// Original pictures of the bundle's first rows, known to the outsider, <c>[k, ...]</c>; null: none.
    /// </summary>
    public Tensor? Pairs { get; init; }

    /// <summary>
    /// The plain training set that was morphed, in the same order; used to score recovered pictures. Null: only
    /// consistency is checked.
    /// </summary>
    public Dataset? Truth { get; init; }

    /// <summary>Number of pictures to recover and score.</summary>
    public int Pictures { get; init; } = 32;

    /// <summary>Maximum number of rows for attacks on whole sets.</summary>
    public int SetRows { get; init; } = 2000;

    /// <summary>Called with a line of text after each attack; null: not called.</summary>
    public Action<string>? Progress { get; init; }

    /// <summary>Clock used to time the attacks.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Rows and pictures of an audit, read once.</summary>
internal sealed class AuditRows
{
    internal AuditRows(MorphBundle bundle, AuditInputs inputs)
    {
        Map = bundle.Map;
        using MorphedDataset rows = bundle.OpenPart("train");
        if (inputs.Truth is { } truth && (truth.Count != rows.Count || truth.SampleShape.Count != Map.Inputs))
        {
            throw new ArgumentException(
                $"audit: the truth is not the data set that was morphed (got {truth.Count} samples "
                    + $"{truth.SampleShape}, expected "
                + $"{rows.Count} of [{Map.Channels}, {Map.Height}, {Map.Width}]); give the data set used with temper "
                + "morph data");
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
            TensorPrimitives.MultiplyAdd(Truth.AsSpan(i * Map.Inputs, Map.Inputs), 1f / SetCount, Mean, Mean);
        }
    }

    internal MorphMap Map { get; }

    /// <summary>Number of pictures to recover.</summary>
    internal int Count { get; }

    /// <summary>Number of rows read.</summary>
    internal int SetCount { get; }

    /// <summary>Morphed rows, <c>[set count, d]</c>.</summary>
    internal float[] Rows { get; }

    /// <summary>Labels of the rows, which a bundle contains in the clear.</summary>
    internal long[] Labels { get; }

    /// <summary>Original pictures of the rows; null: unknown.</summary>
    internal float[]? Truth { get; }

    /// <summary>Mean picture; zeros if the truth is unknown.</summary>
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
