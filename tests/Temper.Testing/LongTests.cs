using Xunit;

namespace Temper.Testing;

/// <summary>Tests that take long or need many resources; they only run with <c>./test --long</c>.</summary>
public static class LongTests
{
    /// <summary>Environment variable that <c>./test --long</c> sets to 1.</summary>
    public const string Variable = "TEMPER_LONG";

    /// <summary>
    /// Skip reason by which the runner distinguishes disabled long tests from tests that could not run.
    /// </summary>
    public const string Reason = "long test: run it with ./test --long";

    /// <summary>Reason to skip long tests; null if they are enabled.</summary>
    internal static string? LeftOut => Environment.GetEnvironmentVariable(Variable) is "1" ? null : Reason;
}

/// <summary>A test that only runs with <c>--long</c>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongFactAttribute : FactAttribute
{
    /// <summary>Skips the test in the default run and if outside data is missing.</summary>
    /// <param name="outsideData">Required files or folders of <see cref="OutsideData"/>.</param>
    public LongFactAttribute(params string[] outsideData) => Skip = LongTests.LeftOut ?? (outsideData.Length > 0 ? OutsideData.Missing(outsideData) : null);
}

/// <summary>A test with data rows that only runs with <c>--long</c>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongTheoryAttribute : TheoryAttribute
{
    /// <inheritdoc cref="LongFactAttribute(string[])"/>
    public LongTheoryAttribute(params string[] outsideData) => Skip = LongTests.LeftOut ?? (outsideData.Length > 0 ? OutsideData.Missing(outsideData) : null);
}
