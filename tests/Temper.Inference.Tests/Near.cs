namespace Temper.Inference.Tests;

internal static class Near
{
    /// <summary>
    /// Asserts that the largest difference is at most <paramref name="tolerance"/> times the largest expected value.
    /// </summary>
    internal static void Assert(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance, string what = "")
    {
        Xunit.Assert.Equal(expected.Length, actual.Length);
        float largest = 0, difference = 0;
        int place = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            float here = Math.Abs(expected[i] - actual[i]);
            if (!(here <= difference))
            {
                (difference, place) = (here, i);
            }
        }

        Xunit.Assert.True(
            difference <= tolerance * largest, $"{what} differs most at {place}: expected {expected[place]}, got {actual[place]}; the largest expected is {largest}");
    }
}
