using System.Globalization;
using Temper.Compression.Pruning;

namespace Temper.Compression.DeepHoyer;

/// <summary>
/// Which weights a regularizer sees as one: it is a formula over the Euclidean norms of these groups.
/// </summary>
/// <remarks>The default value is <see cref="Element"/>.</remarks>
public readonly record struct Grouping
{
    private const string Elements = "element", FiltersAndChannels = "filter-channel", RowsAndColumns = "row-column";

    private readonly string? _name;
    private readonly WeightBlockShape _block;

    private Grouping(string name, WeightBlockShape block = default) => (_name, _block) = (name, block);

    /// <summary>Each weight is a group of its own; its norm is its magnitude.</summary>
    public static Grouping Element => default;

    /// <summary>
    /// Filters and input channels of a convolution, rows and columns of a linear layer: the formula is applied to each
    /// of the two, and added.
    /// </summary>
    public static Grouping FilterAndChannel { get; } = new(FiltersAndChannels);

    /// <summary>Rows and columns of the matrix of outputs by inputs and kernel positions, added.</summary>
    public static Grouping RowAndColumn { get; } = new(RowsAndColumns);

    /// <summary>
    /// Four outputs at one input and kernel position: the blocks that compiled inference runs fastest.
    /// </summary>
    public static Grouping FourOutputs { get; } = Blocks(WeightBlockShape.FourOutputs);

    /// <summary>The block; null for the other groupings.</summary>
    internal WeightBlockShape? Block => _block.Rows > 0 ? _block : null;

    /// <summary>Blocks of weights, as pruning removes them.</summary>
    /// <param name="block">Outputs by inputs and kernel positions.</param>
    public static Grouping Blocks(WeightBlockShape block) =>
        block == WeightBlockShape.Single || block.Rows == 0 ? Element : new(block.ToString(), block);

    /// <summary>The grouping of a name.</summary>
    /// <param name="name">
    /// <c>element</c>, <c>filter-channel</c>, <c>row-column</c>, or a block such as <c>4x1</c>.
    /// </param>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static Grouping Parse(string name) => TryParse(name, out Grouping grouping)
        ? grouping
        : throw new FormatException($"Grouping.Parse: unknown name (got '{name}', expected element, filter-channel, "
            + "row-column, or rows x columns such as 4x1)");

    /// <summary>The grouping of a name, if it is one.</summary>
    /// <param name="name">As in <see cref="Parse"/>.</param>
    /// <param name="grouping">The grouping, or <see cref="Element"/>.</param>
    /// <returns>Whether it is one.</returns>
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

    /// <summary>The name that <see cref="Parse"/> reads.</summary>
    public override string ToString() => _name ?? Elements;

    private static int Size(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0;
}
