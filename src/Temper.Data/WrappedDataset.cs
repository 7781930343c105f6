using Temper.Tensors;

namespace Temper.Data;

/// <summary>Base class of data sets that modify another data set.</summary>
internal abstract class WrappedDataset(Dataset source) : Dataset
{
    protected Dataset Source => source;

    public override string Name => source.Name;

    public override int Count => source.Count;

    public override Shape SampleShape => source.SampleShape;

    public override IReadOnlyList<string> ClassNames => source.ClassNames;

    public override Shape? TargetShape => source.TargetShape;

    public override bool HasLabels => source.HasLabels;

    public override IReadOnlyList<UnusedSamples> Unused => source.Unused;

    public override void CopySample(int index, Span<float> sample) => source.CopySample(index, sample);

    public override long Label(int index) => source.Label(index);

    public override void CopyTarget(int index, Span<float> target) => source.CopyTarget(index, target);
}

/// <summary>A subset of another data set.</summary>
internal sealed class SubsetDataset(Dataset source, IReadOnlyList<int> indices) : WrappedDataset(source)
{
    public override int Count => indices.Count;

    public override IReadOnlyList<Shape> StoredShapes => Source.StoredShapes;

    public override bool MayHaveChannelsLast => Source.MayHaveChannelsLast;

    public override void CopySample(int index, Span<float> sample) => Source.CopySample(indices[index], sample);

    public override void CopyStored(int index, out int height, out int width, ref float[] sample) =>
        Source.CopyStored(indices[index], out height, out width, ref sample);

    public override long Label(int index) => Source.Label(indices[index]);

    public override void CopyTarget(int index, Span<float> target) => Source.CopyTarget(indices[index], target);
}

/// <summary>
/// Pictures <c>[H, W, C]</c> as <c>[C, H, W]</c>, and gray pictures <c>[H, W]</c> as <c>[1, H, W]</c>.
/// </summary>
internal sealed class ChannelsFirstDataset(Dataset source) : WrappedDataset(source)
{
    public override Shape SampleShape { get; } = source.SampleShape.Rank switch
    {
        3 => [source.SampleShape[2], source.SampleShape[0], source.SampleShape[1]],
        2 => [1, source.SampleShape[0], source.SampleShape[1]],
        _ => throw new ShapeMismatchException(
            $"{source.Name}: samples", source.SampleShape, "pictures, [H, W, C] or [H, W]"),
    };

    public override void CopySample(int index, Span<float> sample)
    {
        float[] stored = new float[sample.Length];
        Source.CopySample(index, stored);
        int channels = SampleShape[0], area = SampleShape[1] * SampleShape[2];
        for (int pixel = 0; pixel < area; pixel++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                sample[(channel * area) + pixel] = stored[(pixel * channels) + channel];
            }
        }
    }
}

/// <summary>Gray pictures with their channel repeated three times.</summary>
internal sealed class ColoredDataset(Dataset source) : WrappedDataset(source)
{
    public override Shape SampleShape { get; } = source.SampleShape is [1, var height, var width]
        ? [3, height, width]
        : throw new ShapeMismatchException($"{source.Name}: samples", source.SampleShape, "gray pictures, [1, H, W]");

    public override void CopySample(int index, Span<float> sample)
    {
        int area = sample.Length / 3;
        Source.CopySample(index, sample[..area]);
        sample[..area].CopyTo(sample[area..]);
        sample[..area].CopyTo(sample[(2 * area)..]);
    }
}
