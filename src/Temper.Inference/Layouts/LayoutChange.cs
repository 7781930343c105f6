using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>What brings a value from one memory order into another.</summary>
internal static class LayoutChange
{
    /// <summary>Whether both orders are the same bytes.</summary>
    internal static bool IsFree(in ValueInfo value, ValueLayout from, ValueLayout to) =>
        from == to || (from.Kind != LayoutKind.Tensor && to.Kind != LayoutKind.Tensor && (value.Shape.Rank != 4 || Image(value) is (1, _) or (_, 1)));

    /// <summary>The step; between tensors and anything but row-major memory there is none.</summary>
    internal static Step Step(in ValueInfo value, ValueLayout from, ValueLayout to)
    {
        if (from == ValueLayout.Tensor)
        {
            return new FromTensorStep { Reads = from, Writes = to };
        }

        if (to == ValueLayout.Tensor)
        {
            return new ToTensorStep(value) { Reads = from, Writes = to };
        }

        (int channels, int pixels) = Image(value);
        return new TransposeStep(channels, pixels, new Rows(value.Shape[0], value.IsBatched), to == ValueLayout.ChannelsLast) { Reads = from, Writes = to };
    }

    /// <summary>A copy in row-major order.</summary>
    internal static Step Copy(in ValueInfo value) => new CopyStep(new Rows(value.Shape.Count, value.IsBatched))
    {
        Reads = ValueLayout.RowMajor, Writes = ValueLayout.RowMajor,
    };

    private static (int Channels, int Pixels) Image(in ValueInfo value) => (value.Shape[1], value.Shape.CountOf(2, value.Shape.Rank));
}
