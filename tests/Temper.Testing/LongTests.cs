using Xunit;

namespace Temper.Testing;

/// <summary>Tests that take long or need much of a machine: they run with <c>./test --long</c> only.</summary>
public static class LongTests
{
    /// <summary>Set to 1 by <c>./test --long</c>.</summary>
    public const string Variable = "TEMPER_LONG";

    /// <summary>How the runner knows tests that were left out on purpose from tests that could not run.</summary>
    public const string Reason = "long test: run it with ./test --long";

    /// <summary>Why a long test is left out; null where it is to run.</summary>
    internal static string? LeftOut => Environment.GetEnvironmentVariable(Variable) is "1" ? null : Reason;
}

/// <summary>A test that runs with <c>--long</c> only.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongFactAttribute : FactAttribute
{
    /// <summary>Leaves the test out of the usual run, and skips it where outside data is missing.</summary>
    /// <param name="outsideData">Files or folders of <see cref="OutsideData"/> that it needs.</param>
    public LongFactAttribute(params string[] outsideData) => Skip = LongTests.LeftOut ?? (outsideData.Length > 0 ? OutsideData.Missing(outsideData) : null);
}

/// <summary>A test with data rows that runs with <c>--long</c> only.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongTheoryAttribute : TheoryAttribute
{
    /// <inheritdoc cref="LongFactAttribute(string[])"/>
    public LongTheoryAttribute(params string[] outsideData) => Skip = LongTests.LeftOut ?? (outsideData.Length > 0 ? OutsideData.Missing(outsideData) : null);
}
