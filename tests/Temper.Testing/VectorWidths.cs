using System.Reflection;
using Xunit;

namespace Temper.Testing;

/// <summary>
/// Kernels are written once for all vector widths; the width is chosen at process start. <c>./test</c> therefore runs
/// tests marked with <see cref="EveryWidth"/> again in a process for each narrower width, restricted to small sizes:
/// another width takes other paths through the tiles and tails of a kernel, which small sizes cover too.
/// </summary>
public static class VectorWidths
{
    /// <summary>Trait of such tests: <c>[Trait("Category", VectorWidths.EveryWidth)]</c>.</summary>
    public const string EveryWidth = "EveryWidth";

    /// <summary>Trait of classes that test kernels.</summary>
    public const string Kernels = "Kernels";

    /// <summary>Environment variable with the width that the process must have, for example <c>Vector256</c>.</summary>
    public const string Variable = "TEMPER_EXPECT_SIMD";

    /// <summary>Expected width in a run with wider vectors disabled; null in the default run.</summary>
    public static string? Expected => Environment.GetEnvironmentVariable(Variable);

    /// <summary>Returns the sizes to test: all of them, or only the fast ones in a run for a narrower width.</summary>
    /// <param name="sizes">All sizes.</param>
    /// <param name="work">Returns the number of products or elements of a size.</param>
    /// <param name="most">Largest amount of work that counts as fast.</param>
    public static IEnumerable<T> Sizes<T>(IEnumerable<T> sizes, Func<T, long> work, long most) =>
        Expected is null ? sizes : sizes.Where(size => work(size) <= most);

    /// <summary>Returns the number of random cases to try.</summary>
    /// <param name="count">Number in the default run.</param>
    public static int Count(int count) => Expected is null ? count : Math.Max(1, count / 4);

    /// <summary>Returns the kernel test classes without a test that runs at every width; there must be none.</summary>
    /// <param name="tests">A test assembly.</param>
    public static IEnumerable<string> ClassesWithout(Assembly tests) => tests.GetTypes()
        .Where(type => Has(type, Kernels) && !type.GetMethods().Any(method => Has(method, EveryWidth)))
        .Select(type => type.Name);

    private static bool Has(MemberInfo member, string category) => CustomAttributeData.GetCustomAttributes(member)
        .Any(data => data.AttributeType == typeof(TraitAttribute) && category.Equals(data.ConstructorArguments[1].Value as string, StringComparison.Ordinal));
}
