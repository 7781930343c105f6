using Temper.Kernels;

namespace Temper.Tests.Kernels;

[Trait("Category", "Kernels")]
public sealed class SimdTests
{
    /// <summary>The suite is run once a width; without this test a switch that stopped working would go unnoticed.</summary>
    [Fact]
    public void Active_width_obeys_the_switches_of_the_run()
    {
        SimdWidth limit = IsOff("EnableHWIntrinsic") ? SimdWidth.Scalar
            : IsOff("EnableAVX2") || IsOff("EnableAVX") ? SimdWidth.Vector128
            : IsOff("EnableAVX512") || IsOff("EnableAVX512F") ? SimdWidth.Vector256
            : SimdWidth.Vector512;
        Assert.True(Simd.Active <= limit, $"{Simd.Active} is active, at most {limit} was allowed");
        if (Environment.GetEnvironmentVariable("TEMPER_EXPECT_SIMD") is string expected)
        {
            Assert.Equal(expected, Simd.Active.ToString(), ignoreCase: true);
        }
    }

    private static bool IsOff(string name) => Environment.GetEnvironmentVariable($"DOTNET_{name}") is "0";
}
