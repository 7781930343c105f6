using Temper.KernelGenerator;

namespace Temper.Architecture.Tests;

public sealed class GeneratedCodeTests
{
    private const string Folder = "src/Temper/Kernels/Generated";

    [Fact]
    public void Committed_tiles_are_what_the_generator_writes()
    {
        (string Name, string Text)[] files = [.. Tiles.All()];
        Assert.Equal(files.Select(file => $"{Folder}/{file.Name}").Order(StringComparer.Ordinal), Repository.Files(Folder, "*"));
        foreach ((string name, string text) in files)
        {
            // Assert.Equal would print thousands of lines on a difference.
            string committed = Repository.Read($"{Folder}/{name}").ReplaceLineEndings("\n");
            Assert.True(
                string.Equals(committed, text, StringComparison.Ordinal),
                $"{name} is not what the generator writes; run: dotnet run --project eng/Temper.KernelGenerator -- {Folder}");
        }
    }
}
