namespace Temper.Kernels;

/// <summary>Some rows of tiles, counted over all images.</summary>
/// <param name="First">The first row.</param>
/// <param name="Count">Rows.</param>
/// <param name="PerImage">Rows of tiles of an image.</param>
/// <param name="Columns">Tiles of a row.</param>
internal readonly record struct TileRows(int First, int Count, int PerImage, int Columns)
{
    internal int Tiles => Count * Columns;

    /// <summary>The first result of a tile of a row.</summary>
    internal Corner Corner(int row, int column)
    {
        (int image, int index) = Math.DivRem(First + row, PerImage);
        return new Corner(image, index * TiledImages.Step, column * TiledImages.Step);
    }
}

/// <summary>
/// Some channels of some transformed tiles, <c>[product][tile][channel in whole vectors]</c>, in a thread's working
/// memory.
/// </summary>
internal readonly unsafe struct TileVectors
{
    /// <summary>
    /// Floats between neighboring products, so that a tile's 36 vectors do not all fall into one set of the cache.
    /// </summary>
    internal const int Skew = 16;

    private readonly float* _first;
    private readonly int _step;

    internal TileVectors(Scratch.Use use, int tiles, int channels)
        : this(Scratch.Rent(use, Floats(tiles, channels)), tiles, channels)
    {
    }

    internal TileVectors(float* memory, int tiles, int channels)
    {
        (Tiles, Channels) = (tiles, channels);
        _step = (tiles * channels) + Skew;
        _first = memory;
    }

    internal int Tiles { get; }

    /// <summary>Floats that some tiles take.</summary>
    internal static long Floats(int tiles, int channels) => (long)TiledImages.Products * ((tiles * channels) + Skew);

    /// <summary>Floats of a tile in each product.</summary>
    internal int Channels { get; }

    internal float* At(int product) => _first + ((long)product * _step);

    /// <summary>Transforms what the tiles read of some images.</summary>
    internal void Transform<TTransform>(in TiledImages images, in TileRows rows, ChannelRange range)
        where TTransform : unmanaged, IWinogradTransform
    {
        float* patch = Scratch.Rent(Scratch.Use.Tile, WinogradTransforms.PatchFloats + WinogradTransforms.Between);
        float* target = _first;
        for (int row = 0; row < rows.Count; row++)
        {
            for (int column = 0; column < rows.Columns; column++, target += Channels)
            {
                VectorGrid source = images.Read(rows.Corner(row, column), TTransform.Inputs, range, patch);
                WinogradTransforms.Run<TTransform>(
                    source, Grid(target), Channels, patch + WinogradTransforms.PatchFloats);
            }
        }
    }

    /// <summary>The products of a tile, as a square.</summary>
    internal VectorGrid Grid(float* tile) => new(tile, 6 * _step, _step);
}
