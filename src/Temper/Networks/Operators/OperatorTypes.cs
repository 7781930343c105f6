using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Checks of dtypes that operators have in common.</summary>
internal static class OperatorTypes
{
    /// <summary>What can be calculated with.</summary>
    internal static readonly DType[] Numbers = [DType.Float32, DType.Int64, DType.Int32, DType.UInt8];

    /// <summary>Every dtype, for operators that only move elements.</summary>
    internal static readonly DType[] Any = [DType.Float32, DType.Int64, DType.Int32, DType.UInt8, DType.Bool];

    /// <summary>The dtype that all inputs have, if it is one of those allowed.</summary>
    internal static DType One(IReadOnlyList<DType> inputs, string node, params ReadOnlySpan<DType> allowed)
    {
        foreach (DType type in inputs)
        {
            if (type != inputs[0])
            {
                throw new ArgumentException($"{node}: needs inputs of one dtype (got {string.Join(" and ", inputs)}); "
                    + "convert one with a Cast node");
            }
        }

        return allowed.Contains(inputs[0])
            ? inputs[0]
            : throw new ArgumentException($"{node}: does not take this dtype (got {inputs[0]}, expected "
                + $"{string.Join(", ", allowed.ToArray())}); convert it with a Cast node");
    }

    /// <summary>Throws unless an input holds indices: int64 or int32.</summary>
    internal static void CheckIndices(DType type, string node)
    {
        if (type is not (DType.Int64 or DType.Int32))
        {
            throw new ArgumentException(
                $"{node}: needs int64 or int32 indices (got {type}); convert them with a Cast node");
        }
    }
}
