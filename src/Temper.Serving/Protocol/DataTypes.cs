using Temper.Tensors;

namespace Temper.Serving.Protocol;

/// <summary>Names of dtypes in the protocol.</summary>
internal static class DataTypes
{
    private static readonly (DType Type, string Name, int Bytes)[] Known =
    [
        (DType.Float32, "FP32", 4), (DType.Int64, "INT64", 8), (DType.Int32, "INT32", 4), (DType.UInt8, "UINT8", 1),
        (DType.Bool, "BOOL", 1),
    ];

    internal static string NameOf(DType type) => Known.First(known => known.Type == type).Name;

    internal static int BytesOf(DType type) => Known.First(known => known.Type == type).Bytes;
}
