using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>What morphing a set costs, from its sizes alone.</summary>
/// <param name="Map">Sizes of the map.</param>
/// <param name="Rows">Pictures of the set, N.</param>
/// <param name="Layer">The Aug-Conv layer.</param>
/// <param name="NetworkMacs">Multiply-accumulates of the plain network for one picture; null: not given.</param>
public sealed record MorphEstimate(MorphMap Map, long Rows, AugConv Layer, long? NetworkMacs = null)
{
    /// <summary>Multiply-accumulates of the owner for one picture, d q.</summary>
    public long OwnerMacs => Map.Macs;

    /// <summary>Numbers stored in the layer; d F for one core.</summary>
    public long LayerNumbers => Layer.Pattern.Count;

    /// <summary>Fraction of the dense d x F matrix that is stored, 0 to 1.</summary>
    public double LayerDensity => LayerNumbers / ((double)Map.Inputs * Layer.Pattern.Sizes.Pixels * Layer.Channels);

    /// <summary>
    /// Multiply-accumulates of the plain first convolution for one picture, zeros of the padding included.
    /// </summary>
    public long ConvolutionMacs =>
        (long)Layer.Pattern.Sizes.Pixels * Layer.Channels * Map.Channels * Layer.Kernel.Height * Layer.Kernel.Width;

    /// <summary>What the trainer computes more for each picture: the layer instead of the convolution.</summary>
    public long TrainerExtraMacs => LayerNumbers - ConvolutionMacs;

    /// <summary>
    /// All additional multiply-accumulates, owner and trainer, as a fraction of the network's; null without a network.
    /// </summary>
    public double? Overhead => NetworkMacs is { } macs ? (OwnerMacs + TrainerExtraMacs) / (double)macs : null;

    /// <summary>Bytes of the set as it is, one a number.</summary>
    public long RawBytes => Rows * Map.Inputs;

    /// <summary>Bytes of the morphed rows, float32.</summary>
    public long RowBytes => Rows * Map.Inputs * sizeof(float);

    /// <summary>Bytes of the layer, float32; half of that as float16.</summary>
    public long LayerBytes => LayerNumbers * sizeof(float);

    /// <summary>Bytes of the drawn map in memory: float32 cores, or orders and signs.</summary>
    public long MapBytes => Map.IsStructured
        ? (long)HadamardMap.Rounds * Map.Inputs * (sizeof(int) + sizeof(float))
        : (long)Map.DrawnCores * Map.CoreSide * Map.CoreSide * sizeof(float);

    /// <summary>Numbers that are sent beyond those of the rows, as a fraction of the rows' numbers.</summary>
    public double Traffic => LayerNumbers / ((double)Rows * Map.Inputs);

    /// <summary>How many times the bytes of the raw set are sent, rows and layer in float32.</summary>
    public double BytesTimes => (RowBytes + LayerBytes) / (double)Math.Max(RawBytes, 1);

    /// <summary>
    /// Memory that morphing rows needs at least at once: the map, drawn in float64 core by core, and chunks of rows; in
    /// bytes.
    /// </summary>
    public long DataMemory => Math.Max(
        MapBytes + (Map.IsStructured ? 0 : (long)Map.CoreSide * Map.CoreSide * sizeof(double)),
        MapBytes + (3L * RowWriter.ChunkRows * Map.Inputs * sizeof(float)));

    /// <summary>
    /// Memory that composing the layer needs: the map and the layer twice, since its tensor is a copy; in bytes.
    /// </summary>
    public long LayerMemory => MapBytes + (2 * LayerBytes);

    /// <summary>An estimate for a developer's first convolution.</summary>
    /// <param name="map">Sizes of the map.</param>
    /// <param name="rows">Pictures of the set.</param>
    /// <param name="weights">Shape of its weights, <c>[O, C, KH, KW]</c>.</param>
    /// <param name="stride">Step between outputs, in pixels.</param>
    /// <param name="padding">Zeros on each side, in pixels.</param>
    /// <param name="networkMacs">Multiply-accumulates of the plain network for one picture; null: not given.</param>
    public static MorphEstimate Of(
        MorphMap map, long rows, Shape weights, int stride, int padding, long? networkMacs = null) =>
        new(map.Checked(), rows, AugConvLayer.OperatorFor(map, weights, stride, padding), networkMacs);
}
