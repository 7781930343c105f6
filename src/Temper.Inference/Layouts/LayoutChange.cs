using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Conversion of a value from one layout to another.</summary>
internal static class LayoutChange
{
    /// <summary>Whether both layouts are the same bytes.</summary>
    internal static bool IsFree(in ValueInfo value, ValueLayout from, ValueLayout to) =>
        from == to || (IsPlain(from) && IsPlain(to) && (value.Shape.Rank != 4 || Image(value) is (1, _) or (_, 1)));

    /// <summary>Returns the layouts through which a value is converted, in order, including the last one.</summary>
    internal static IEnumerable<ValueLayout> Path(ValueLayout from, ValueLayout to) =>
        from == ValueLayout.RowMajor && to.Kind == LayoutKind.Planes
            ? [to]
            : new[] { Between(from), Between(to), to }.Where(layout => layout != from).Distinct();

    /// <summary>
    /// Returns the intermediate layout for a conversion: row-major for tensors, channels last for planes and bytes.
    /// </summary>
    private static ValueLayout Between(ValueLayout layout) => layout.Kind switch
    {
        LayoutKind.Tensor => ValueLayout.RowMajor,
        LayoutKind.Planes or LayoutKind.Bytes => ValueLayout.ChannelsLast,
        _ => layout,
    };

    /// <summary>Creates the step for one conversion of <see cref="Path"/>.</summary>
    internal static Step Step(in ValueInfo value, ValueLayout from, ValueLayout to)
    {
        if (from == ValueLayout.Tensor)
        {
            return new FromTensorStep { Reads = from, Writes = to };
        }

        if (from.Kind == LayoutKind.Bytes || to.Kind == LayoutKind.Bytes)
        {
            return new ByteCopyStep(value) { Reads = from, Writes = to };
        }

        if (!IsPlain(from) || !IsPlain(to))
        {
            bool into = to.Kind == LayoutKind.Planes;
            return new PlaneCopyStep((into ? to : from).PlanesOf(value), new Rows(value.Shape[0], value.IsBatched))
            {
                Reads = from, Writes = to,
            };
        }

        (int channels, int pixels) = Image(value);
        return new TransposeStep(
            channels, pixels, new Rows(value.Shape[0], value.IsBatched), to == ValueLayout.ChannelsLast) { Reads = from,
            Writes = to };
    }

    /// <summary>Creates a step that copies a row-major value.</summary>
    internal static Step Copy(in ValueInfo value) => new CopyStep(new Rows(value.Shape.Count, value.IsBatched))
    {
        Reads = ValueLayout.RowMajor, Writes = ValueLayout.RowMajor,
    };

    private static bool IsPlain(ValueLayout layout) => layout.Kind is LayoutKind.RowMajor or LayoutKind.ChannelsLast;

    private static (int Channels, int Pixels) Image(in ValueInfo value) =>
        (value.Shape[1], value.Shape.CountOf(2, value.Shape.Rank));
}
