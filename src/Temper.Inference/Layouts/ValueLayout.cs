namespace Temper.Inference;

/// <summary>In which order a value lies in memory between two steps.</summary>
internal enum LayoutKind
{
    /// <summary>The last axis varies fastest.</summary>
    RowMajor,

    /// <summary>Pixels one after the other, a pixel's channels together: N, H, W, C.</summary>
    ChannelsLast,

    /// <summary>No memory of the session but a tensor: for operators that have no step of their own.</summary>
    Tensor,
}

/// <summary>A memory order.</summary>
/// <param name="Kind">Which.</param>
internal readonly record struct ValueLayout(LayoutKind Kind)
{
    internal static ValueLayout RowMajor { get; } = new(LayoutKind.RowMajor);

    internal static ValueLayout ChannelsLast { get; } = new(LayoutKind.ChannelsLast);

    internal static ValueLayout Tensor { get; } = new(LayoutKind.Tensor);

    public override string ToString() => Kind switch
    {
        LayoutKind.RowMajor => "row-major",
        LayoutKind.ChannelsLast => "channels last",
        _ => "tensor",
    };
}
