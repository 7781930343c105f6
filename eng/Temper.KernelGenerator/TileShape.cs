namespace Temper.KernelGenerator;

/// <summary>A register tile: rows times vectors of accumulators that stay in registers.</summary>
/// <param name="Bits">Vector width in bits: 512, 256, 128, or 0 for scalar code.</param>
/// <param name="Rows">Number of rows of accumulators.</param>
/// <param name="Vectors">Number of vectors per row.</param>
internal sealed record TileShape(int Bits, int Rows, int Vectors)
{
    public int Lanes => Bits == 0 ? 1 : Bits / 32;

    public int Columns => Lanes * Vectors;

    public string Suffix => $"{Rows}x{Columns}{(Bits == 0 ? "Scalar" : $"V{Bits}")}";

    public string Zero => Bits == 0 ? "0f" : $"Vector{Bits}<float>.Zero";

    public string Type => Bits == 0 ? "float" : $"Vector{Bits}<float>";

    public string Load(string address) => Bits == 0 ? $"*({address})" : $"Vector{Bits}.Load({address})";

    public string Store(string value, string address) =>
        Bits == 0 ? $"*({address}) = {value};" : $"{value}.Store({address});";

    public string Broadcast(string scalar) => Bits == 0 ? scalar : $"Vector{Bits}.Create({scalar})";

    public string MultiplyAdd(string a, string b, string c) =>
        Bits == 0 ? $"MathF.FusedMultiplyAdd({a}, {b}, {c})" : $"Vector{Bits}.FusedMultiplyAdd({a}, {b}, {c})";

    public static string Accumulator(int row, int vector) => $"c{row}_{vector}";
}
