using System.Reflection;
using Xunit;

namespace Temper.Testing;

/// <summary>
/// Kernels are written once for all vector widths, chosen when a process starts. Tests marked with <see cref="EveryWidth"/> are therefore
/// run once more by <c>./test</c> in a process for each narrower width, with the small ones of their sizes: another width takes other ways
/// through a kernel's tiles and tails, and those show at small sizes too.
/// </summary>
public static class VectorWidths
{
    /// <summary>The trait that marks such a test: <c>[Trait("Category", VectorWidths.EveryWidth)]</c>.</summary>
    public const string EveryWidth = "EveryWidth";

    /// <summary>The trait of a class that tests kernels.</summary>
    public const string Kernels = "Kernels";

    /// <summary>Names the width that the process has to have, for example <c>Vector256</c>.</summary>
    public const string Variable = "TEMPER_EXPECT_SIMD";

    /// <summary>The width that wider vectors were switched off for; null in the usual run.</summary>
    public static string? Expected => Environment.GetEnvironmentVariable(Variable);

    /// <summary>The sizes to test: all of them, or in a run for a narrower width those that take little time.</summary>
    /// <param name="sizes">All sizes.</param>
    /// <param name="work">Products or elements of a size.</param>
    /// <param name="most">The most that counts as little.</param>
    public static IEnumerable<T> Sizes<T>(IEnumerable<T> sizes, Func<T, long> work, long most) =>
        Expected is null ? sizes : sizes.Where(size => work(size) <= most);

    /// <summary>How many random cases to try.</summary>
    /// <param name="count">In the usual run.</param>
    public static int Count(int count) => Expected is null ? count : Math.Max(1, count / 4);

    /// <summary>Classes of kernel tests of which no test is run at every width: there must be none.</summary>
    /// <param name="tests">A test assembly.</param>
    public static IEnumerable<string> ClassesWithout(Assembly tests) => tests.GetTypes()
        .Where(type => Has(type, Kernels) && !type.GetMethods().Any(method => Has(method, EveryWidth)))
        .Select(type => type.Name);

    private static bool Has(MemberInfo member, string category) => CustomAttributeData.GetCustomAttributes(member)
        .Any(data => data.AttributeType == typeof(TraitAttribute) && category.Equals(data.ConstructorArguments[1].Value as string, StringComparison.Ordinal));
}
