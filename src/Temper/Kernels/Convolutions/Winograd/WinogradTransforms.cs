using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Two-dimensional transforms: a one-dimensional transform along the rows, then along the columns.</summary>
internal static unsafe class WinogradTransforms
{
    /// <summary>Size of the scratch memory between the two directions, in floats.</summary>
    internal const int Between = TiledImages.Products * 16;

    /// <summary>Size of the copy of a tile's pixels or results, in floats.</summary>
    internal const int PatchFloats = TiledImages.Products * WinogradTiling.BlockChannels;

    /// <summary>Transforms squares of some channels, one vector of channels at a time.</summary>
    internal static void Run<TTransform>(in VectorGrid source, in VectorGrid target, int channels, float* between)
        where TTransform : unmanaged, IWinogradTransform
    {
        switch (Simd.Active)
        {
            case SimdWidth.Vector512:
                Run<TTransform, Lanes512>(source, target, channels, between);
                break;
            case SimdWidth.Vector256:
                Run<TTransform, Lanes256>(source, target, channels, between);
                break;
            case SimdWidth.Vector128:
                Run<TTransform, Lanes128>(source, target, channels, between);
                break;
            default:
                Run<TTransform, Lane>(source, target, channels, between);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TTransform, TLanes>(
        in VectorGrid source, in VectorGrid target, int channels, float* between)
        where TTransform : unmanaged, IWinogradTransform
        where TLanes : unmanaged, ILanes<TLanes>
    {
        (nint rowStep, nint columnStep, nint targetRow, nint targetColumn) =
            (source.RowStep, source.ColumnStep, target.RowStep, target.ColumnStep);
        for (nint c = 0; c < channels; c += TLanes.Count)
        {
            float* from = source.First + c;
            for (nint row = 0; row < TTransform.Inputs; row++)
            {
                TTransform.Apply<TLanes>(
                    from + (row * rowStep), columnStep, between + (row * TTransform.Outputs * TLanes.Count),
                    TLanes.Count);
            }

            float* to = target.First + c;
            for (nint column = 0; column < TTransform.Outputs; column++)
            {
                TTransform.Apply<TLanes>(
                    between + (column * TLanes.Count), TTransform.Outputs * TLanes.Count, to + (column * targetColumn),
                    targetRow);
            }
        }
    }
}
