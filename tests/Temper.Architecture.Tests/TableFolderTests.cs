using Temper.Experiments;

namespace Temper.Architecture.Tests;

/// <summary>Folders of tables of bench/Temper.Experiments, whose source file is compiled into this project.</summary>
public sealed class TableFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-table-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_accepts_results_of_one_scale_only()
    {
        string folder = TableFolder.Claim("together", Path.Combine(_folder, "new"), "cifar10, weights 1");
        Assert.Equal(folder, TableFolder.Claim("together", folder, "cifar10, weights 1"));
        Assert.Equal(
            $"together: {folder} has results of another scale (got cifar10, weights 2, expected cifar10, weights 1); "
            + "set another folder=",
            Assert.Throws<TableArgumentException>(() => TableFolder.Claim("together", folder, "cifar10, weights 2")).Message);
    }

    [Fact]
    public void A_folder_of_earlier_results_takes_the_scale_that_is_given_first()
    {
        File.WriteAllText(Path.Combine(_folder, "cell.json"), "{}");
        TableFolder.Claim("together", _folder, "a");
        Assert.Throws<TableArgumentException>(() => TableFolder.Claim("together", _folder, "b"));
    }
}
