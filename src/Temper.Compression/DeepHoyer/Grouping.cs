using System.Globalization;
using Temper.Compression.Pruning;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// Defines which weights a regularizer treats as one group. Regularizers are functions of the Euclidean norms of the
/// groups.
/// </summary>
/// <remarks>The default value is <see cref="Element"/>.</remarks>
public readonly record struct Grouping
{
    private const string Elements = "element", FiltersAndChannels = "filter-channel", RowsAndColumns = "row-column";

    private readonly string? _name;

    private Grouping(string name, WeightBlockShape? block = null) => (_name, Block) = (name, block);

    /// <summary>Each weight is its own group; the norm is its magnitude.</summary>
    public static Grouping Element => default;

    /// <summary>
    /// Filters and input channels of a convolution; rows and columns of a linear layer. The regularizer is applied to
    /// both groupings, and the two values are added.
    /// </summary>
    public static Grouping FilterAndChannel { get; } = new(FiltersAndChannels);

    /// <summary>
    /// Rows and columns of the weight matrix, output channels x (input channels and kernel positions). The regularizer
    /// is applied to both groupings, and the two values are added.
    /// </summary>
    public static Grouping RowAndColumn { get; } = new(RowsAndColumns);

    /// <summary>
    /// Four output channels at one input channel and kernel position: the block shape with the fastest kernels in
    /// compiled inference.
    /// </summary>
    public static Grouping FourOutputs { get; } = Blocks(WeightBlockShape.FourOutputs);

    /// <summary>The block size; null for the other groupings.</summary>
    internal WeightBlockShape? Block { get; }

    /// <summary>Groups weights into the blocks that block pruning removes.</summary>
    /// <param name="block">Block size: output channels x (input channels and kernel positions).</param>
    public static Grouping Blocks(WeightBlockShape block) =>
        block == WeightBlockShape.Single ? Element : new(block.ToString(), block);

    /// <summary>Parses the name of a grouping.</summary>
    /// <param name="name">
    /// <c>element</c>, <c>filter-channel</c>, <c>row-column</c>, or a block size such as <c>4x1</c>.
    /// </param>
    /// <exception cref="FormatException">The name is none of these.</exception>
    public static Grouping Parse(string name) => TryParse(name, out Grouping grouping)
        ? grouping
        : throw new FormatException($"Grouping.Parse: unknown name (got '{name}', expected element, filter-channel, "
            + "row-column, or a block size such as 4x1)");

    /// <summary>Parses the name of a grouping, without throwing.</summary>
    /// <param name="name">A name as in <see cref="Parse"/>.</param>
    /// <param name="grouping">Receives the grouping; <see cref="Element"/> if the name is invalid.</param>
    /// <returns>Whether the name is valid.</returns>
    public static bool TryParse(string name, out Grouping grouping)
    {
        string[] sizes = name.Split('x');
        bool isBlock = sizes.Length == 2 && Size(sizes[0]) > 0 && Size(sizes[1]) > 0;
        grouping = name switch
        {
            FiltersAndChannels => FilterAndChannel,
            RowsAndColumns => RowAndColumn,
            _ => isBlock ? Blocks(new WeightBlockShape(Size(sizes[0]), Size(sizes[1]))) : Element,
        };
        return isBlock || name is Elements or FiltersAndChannels or RowsAndColumns;
    }

    /// <summary>Returns the name that <see cref="Parse"/> reads.</summary>
    public override string ToString() => _name ?? Elements;

    private static int Size(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0;
}
