using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>Cost of morphing a data set, computed from sizes only.</summary>
/// <param name="Map">Sizes of the map.</param>
/// <param name="Rows">Number of pictures in the data set, N.</param>
/// <param name="Layer">The Aug-Conv layer.</param>
/// <param name="NetworkMacs">Multiply-accumulates (MACs) of the plain network per picture; null: unknown.</param>
public sealed record MorphEstimate(MorphMap Map, long Rows, AugConv Layer, long? NetworkMacs = null)
{
    /// <summary>MACs of the owner per picture, d q.</summary>
    public long OwnerMacs => Map.Macs;

    /// <summary>Numbers stored in the layer; d F with one core.</summary>
    public long LayerNumbers => Layer.Pattern.Count;

    /// <summary>Fraction of the dense d x F matrix that is stored, 0 to 1.</summary>
    public double LayerDensity => LayerNumbers / ((double)Map.Inputs * Layer.Pattern.Sizes.Pixels * Layer.Channels);

    /// <summary>MACs of the plain first convolution per picture, including padding.</summary>
    public long ConvolutionMacs =>
        (long)Layer.Pattern.Sizes.Pixels * Layer.Channels * Map.Channels * Layer.Kernel.Height * Layer.Kernel.Width;

    /// <summary>Additional MACs of the trainer per picture: the layer minus the plain convolution.</summary>
    public long TrainerExtraMacs => LayerNumbers - ConvolutionMacs;

    /// <summary>
    /// Additional MACs of owner and trainer as a fraction of the network's; null: the network is unknown.
    /// </summary>
    public double? Overhead => NetworkMacs is { } macs ? (OwnerMacs + TrainerExtraMacs) / (double)macs : null;

    /// <summary>Bytes of the plain data set, one byte per value.</summary>
    public long RawBytes => Rows * Map.Inputs;

    /// <summary>Bytes of the morphed rows, as float32.</summary>
    public long RowBytes => Rows * Map.Inputs * sizeof(float);

    /// <summary>Bytes of the layer as float32; half as many as float16.</summary>
    public long LayerBytes => LayerNumbers * sizeof(float);

    /// <summary>Bytes of the map in memory: float32 cores, or permutations and signs.</summary>
    public long MapBytes => Map.IsStructured
        ? (long)HadamardMap.Rounds * Map.Inputs * (sizeof(int) + sizeof(float))
        : (long)Map.DrawnCores * Map.CoreSide * Map.CoreSide * sizeof(float);

    /// <summary>Numbers in the layer divided by the numbers in the rows: the additional data to send.</summary>
    public double Traffic => LayerNumbers / ((double)Rows * Map.Inputs);

    /// <summary>Bytes to send (rows and layer as float32) divided by the bytes of the plain data set.</summary>
    public double BytesTimes => (RowBytes + LayerBytes) / (double)Math.Max(RawBytes, 1);

    /// <summary>
    /// Minimum memory for morphing rows, in bytes: the map (drawn in float64, one core at a time) and chunks of rows.
    /// </summary>
    public long DataMemory => Math.Max(
        MapBytes + (Map.IsStructured ? 0 : (long)Map.CoreSide * Map.CoreSide * sizeof(double)),
        MapBytes + (3L * RowWriter.ChunkRowsOf(Map.Inputs) * Map.Inputs * sizeof(float)));

    /// <summary>
    /// Memory for composing the layer, in bytes: the map, and the layer twice because its tensor is a copy.
    /// </summary>
    public long LayerMemory => MapBytes + (2 * LayerBytes);

    /// <summary>Creates an estimate for a developer's first convolution.</summary>
    /// <param name="map">Sizes of the map.</param>
    /// <param name="rows">Number of pictures in the data set.</param>
    /// <param name="weights">Shape of the convolution's weights, <c>[O, C, KH, KW]</c>.</param>
    /// <param name="stride">Stride in pixels.</param>
    /// <param name="padding">Zero padding on each side, in pixels.</param>
    /// <param name="networkMacs">MACs of the plain network per picture; null: unknown.</param>
    public static MorphEstimate Of(
        MorphMap map, long rows, Shape weights, int stride, int padding, long? networkMacs = null) =>
        new(map.Checked(), rows, AugConvLayer.OperatorFor(map, weights, stride, padding), networkMacs);

    /// <summary>Creates an estimate for a network, from its first convolution and its cost.</summary>
    /// <param name="map">Sizes of the map.</param>
    /// <param name="rows">Number of pictures in the data set.</param>
    /// <param name="network">A plain network that takes the map's pictures; its weights do not matter.</param>
    /// <exception cref="ArgumentException">
    /// The network has an Aug-Conv layer already, its input is not used by one convolution and nothing else, it takes
    /// other pictures, or stride or padding differ between directions.
    /// </exception>
    public static MorphEstimate Of(MorphMap map, long rows, Network network)
    {
        if (network.Nodes.FirstOrDefault(node => node.Operator is AugConv) is { } layer)
        {
            throw new ArgumentException(
                $"morph estimate: the network has an Aug-Conv layer already (got '{layer.Name}'); give the plain "
                + "network");
        }

        Node first = AugConvEdit.First(network);
        Shape own = network.Inputs[0].SampleShape, pictures = [map.Channels, map.Height, map.Width];
        if (!own.Equals(pictures))
        {
            throw new ArgumentException($"morph estimate: the network takes other pictures (got {own}, expected "
                + $"{pictures}); give a network for these pictures");
        }

        var convolution = (Conv2d)first.Operator;
        (int stride, int padding) = (convolution.Options.Stride.Height, convolution.Options.Padding.Top);
        if (convolution.Options != Conv2dOptions.Of(stride, padding))
        {
            throw new ArgumentException(
                $"morph estimate: stride or padding of '{first.Name}' differ between directions (got "
                + $"{convolution.Options.Stride} and {convolution.Options.Padding}); morph layer takes one of each");
        }

        return Of(
            map, rows, [convolution.Channels, map.Channels, convolution.Kernel.Height, convolution.Kernel.Width],
            stride, padding, network.Cost().Macs);
    }
}
