using Temper.Kernels;
using Temper.Testing;

namespace Temper.Tests.Kernels;

[Trait("Category", VectorWidths.Kernels)]
public sealed class SimdTests
{
    /// <summary>
    /// The tests run once for each vector width; without this test, a switch that stopped working would go unnoticed.
    /// </summary>
    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Active_width_obeys_the_switches_of_the_run()
    {
        SimdWidth limit = IsOff("EnableHWIntrinsic") ? SimdWidth.Scalar
            : IsOff("EnableAVX2") || IsOff("EnableAVX") ? SimdWidth.Vector128
            : IsOff("EnableAVX512") || IsOff("EnableAVX512F") ? SimdWidth.Vector256
            : SimdWidth.Vector512;
        Assert.True(Simd.Active <= limit, $"{Simd.Active} is active, at most {limit} was allowed");
        if (VectorWidths.Expected is { } expected)
        {
            Assert.Equal(expected, Simd.Active.ToString(), ignoreCase: true);
        }
    }

    /// <summary>
    /// Kernels tested only at the widest vectors would not be tested at all on machines without them.
    /// </summary>
    [Fact]
    public void Every_class_of_kernel_tests_has_tests_for_every_width() => Assert.Empty(VectorWidths.ClassesWithout(typeof(SimdTests).Assembly));

    private static bool IsOff(string name) => Environment.GetEnvironmentVariable($"DOTNET_{name}") is "0";
}
