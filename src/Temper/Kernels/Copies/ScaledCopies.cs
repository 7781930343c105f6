namespace Temper.Kernels;

/// <summary>
/// Conversion from row-major to channels-last layout with a gain and offset per channel; combines input normalization
/// with the change of layout.
/// </summary>
internal static unsafe class ScaledCopies
{
    /// <summary>Maximum number of pixels of a tile, so that its channels stay in the L1 cache.</summary>
    private const int MaxPixels = 256;

    private const int FewestPixels = 16;

    /// <summary>Converts <c>[N, C, P]</c> to <c>[N, P, C]</c> and maps the channels.</summary>
    /// <param name="x">The source.</param>
    /// <param name="y">The target; must not overlap the source.</param>
    /// <param name="sizes">N, C and P.</param>
    /// <param name="map">Source, gain and offset of each channel.</param>
    internal static void ToChannelsLast(
        FloatAddress x, FloatAddress y, (int Batch, int Channels, int Pixels) sizes, ChannelMap map)
    {
        (int batch, int channels, int pixels) = sizes;
        int tile = Math.Clamp(Chunks.Floats / 4 / channels / FewestPixels * FewestPixels, FewestPixels, MaxPixels);
        var body = new Body
        {
            X = x.Pointer, Y = y.Pointer, Map = map.Numbers,
            Channels = channels, Pixels = pixels, Tile = tile,
            TilesPerChunk = Chunks.Rows(channels * Math.Min(tile, pixels)),
            Tiles = checked(batch * Chunks.Count(pixels, tile)),
        };
        Chunks.Run(body, Chunks.Count(body.Tiles, body.TilesPerChunk));
    }

    private struct Body : IChunkBody
    {
        internal float* X;
        internal float* Y;
        internal ChannelMap.View Map;
        internal int Channels;
        internal int Pixels;
        internal int Tile;
        internal int Tiles;
        internal int TilesPerChunk;

        public readonly void Run(int chunk)
        {
            float* scaled = Scratch.Rent(Scratch.Use.Tile, (long)Channels * Tile);
            int perImage = Chunks.Count(Pixels, Tile), end = Math.Min(Tiles, (chunk + 1) * TilesPerChunk);
            for (int tile = chunk * TilesPerChunk; tile < end; tile++)
            {
                (int image, int first) = (tile / perImage, tile % perImage * Tile);
                int count = Math.Min(Tile, Pixels - first);
                long start = (long)image * Channels * Pixels;
                for (int channel = 0; channel < Channels; channel++)
                {
                    float* source = X + start + ((long)Map.Source(channel) * Pixels) + first;
                    Elementwise.Serial(Map.Of(channel), source, scaled + ((long)channel * Tile), count);
                }

                Transposes.Lines(scaled, Tile, Channels, count, Channels, Y + start + ((long)first * Channels));
            }
        }
    }
}
