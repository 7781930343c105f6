using System.Reflection;
using System.Runtime.CompilerServices;

namespace Temper.Architecture.Tests;

/// <summary>
/// Compares the public API with the committed lists in <c>PublicApi/</c>. After an intended change, run once with
/// <c>TEMPER_UPDATE_SNAPSHOTS=1</c> and commit the difference.
/// </summary>
public sealed class PublicApiTests
{
    private const string Update = "TEMPER_UPDATE_SNAPSHOTS";

    [Theory]
    [InlineData("Temper")]
    [InlineData("Temper.Formats")]
    [InlineData("Temper.Inference")]
    [InlineData("Temper.Data")]
    [InlineData("Temper.Training")]
    [InlineData("Temper.Compression")]
    [InlineData("Temper.Parallelism")]
    [InlineData("Temper.Growth")]
    [InlineData("Temper.Privacy")]
    [InlineData("Temper.Reinforcement")]
    [InlineData("Temper.Robustness")]
    [InlineData("Temper.Snooping")]
    [InlineData("Temper.Reporting")]
    [InlineData("Temper.Serving")]
    public void Public_surface_is_the_committed_one(string assembly)
    {
        string actual = Describe(Assembly.Load(assembly));
        string path = Path.Combine(Repository.Root, "tests", "Temper.Architecture.Tests", "PublicApi", $"{assembly}.txt");
        if (Environment.GetEnvironmentVariable(Update) is "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        string expected = File.Exists(path) ? File.ReadAllText(path) : "";
        string[] before = expected.Split('\n'), now = actual.Split('\n');
        string difference = string.Join('\n', before.Except(now).Select(line => $"- {line}").Concat(now.Except(before).Select(line => $"+ {line}")));
        Assert.True(
            string.Equals(expected, actual, StringComparison.Ordinal),
            $"the public surface of {assembly} changed; if on purpose, run this test with {Update}=1 and commit:\n{difference}");
    }

    private static string Describe(Assembly assembly)
    {
        var lines = new List<string>();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            lines.Add(Signatures.Of(type));
            const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
            lines.AddRange(type.GetMembers(Own)
                .Where(member => !member.IsDefined(typeof(CompilerGeneratedAttribute)))
                .Select(Signatures.Of).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(line => $"    {line}"));
        }

        return string.Join('\n', lines) + "\n";
    }
}
