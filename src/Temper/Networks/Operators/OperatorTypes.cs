using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Dtype checks shared by operators.</summary>
internal static class OperatorTypes
{
    /// <summary>The numeric dtypes, for operators that compute.</summary>
    internal static readonly DType[] Numbers = [DType.Float32, DType.Int64, DType.Int32, DType.UInt8];

    /// <summary>All dtypes, for operators that only move elements.</summary>
    internal static readonly DType[] Any = [DType.Float32, DType.Int64, DType.Int32, DType.UInt8, DType.Bool];

    /// <summary>Returns the common dtype of the inputs; throws if they differ or if it is not allowed.</summary>
    internal static DType One(IReadOnlyList<DType> inputs, string node, params ReadOnlySpan<DType> allowed)
    {
        foreach (DType type in inputs)
        {
            if (type != inputs[0])
            {
                throw new ArgumentException($"{node}: the inputs have different dtypes (got "
                    + $"{string.Join(" and ", inputs)}); convert them to one dtype with Cast nodes");
            }
        }

        return allowed.Contains(inputs[0])
            ? inputs[0]
            : throw new ArgumentException($"{node}: unsupported dtype (got {inputs[0]}, expected one of "
                + $"{string.Join(", ", allowed.ToArray())}); convert it with a Cast node");
    }

    /// <summary>Throws unless an input has an index dtype: int64 or int32.</summary>
    internal static void CheckIndices(DType type, string node)
    {
        if (type is not (DType.Int64 or DType.Int32))
        {
            throw new ArgumentException(
                $"{node}: wrong dtype of the indices (got {type}, expected Int64 or Int32); convert them with a Cast "
                + "node");
        }
    }
}
