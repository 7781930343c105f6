using Temper.Data;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>
/// A plain data set whose samples are morphed on access, in blocks of consecutive samples. Lets the owner evaluate a
/// network trained on morphed rows.
/// </summary>
public sealed class MorphingDataset : Dataset
{
    private readonly Lock _lock = new();
    private readonly Dataset _source;
    private readonly Morpher _morpher;
    private readonly int _blockRows;
    private (int Block, float[] Rows) _last = (-1, []);

    /// <summary>Creates a morphed view of a data set.</summary>
    /// <param name="source">Plain pictures of the map's size.</param>
    /// <param name="morpher">The map; must not be disposed while this data set is used.</param>
    /// <exception cref="ArgumentException">The pictures do not have the map's size.</exception>
    public MorphingDataset(Dataset source, Morpher morpher)
    {
        MorphMap map = morpher.Map;
        if (source.SampleShape is not { Rank: 3 } shape
            || shape[0] != map.Channels || shape[1] != map.Height || shape[2] != map.Width)
        {
            throw new ArgumentException(
                $"morph: {source.Name} does not fit the key (got samples {source.SampleShape}, expected "
                + $"[{map.Channels}, {map.Height}, {map.Width}])");
        }

        (_source, _morpher) = (source, morpher);
        _blockRows = (RowWriter.ChunkRowsOf(map.Inputs) + 1) / 2;
    }

    /// <inheritdoc/>
    public override string Name => _source.Name;

    /// <inheritdoc/>
    public override int Count => _source.Count;

    /// <inheritdoc/>
    public override Shape SampleShape => _source.SampleShape;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => _source.ClassNames;

    /// <inheritdoc/>
    public override void CopySample(int index, Span<float> sample)
    {
        int size = SampleShape.Count;
        lock (_lock)
        {
            if (_last.Block != index / _blockRows)
            {
                _last = (index / _blockRows, Block(index / _blockRows));
            }

            _last.Rows.AsSpan(index % _blockRows * size, size).CopyTo(sample);
        }
    }

    /// <inheritdoc/>
    public override long Label(int index) => _source.Label(index);

    /// <summary>
    /// Morphs a block of consecutive samples, because morphing a single row would read the whole map.
    /// </summary>
    private float[] Block(int block)
    {
        int size = SampleShape.Count, first = block * _blockRows, count = Math.Min(_blockRows, Count - first);
        float[] plain = new float[count * size], rows = new float[count * size];
        for (int i = 0; i < count; i++)
        {
            _source.CopySample(first + i, plain.AsSpan(i * size, size));
        }

        _morpher.Apply(plain, rows);
        return rows;
    }
}
