using Temper.Testing;

namespace Temper.Formats.Tests;

public sealed class NumberedFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Only_the_rest_of_a_longer_series_is_deleted()
    {
        string[] kept = ["00000.flo", "00001.flo", "0002.flo", "000002.flo", "00002.png", "00002.flo.bak", "a00002.flo", "+00002.flo", "99999999999.flo"];
        foreach (string name in (string[])[.. kept, "00002.flo", "00010.flo", "123456.flo"])
        {
            _folder.Write(name, "");
        }

        Assert.Equal(_folder["00002.flo"], NumberedFiles.PathOf(_folder.Path, 2, ".flo"));
        NumberedFiles.DeleteFrom(_folder.Path, 2, ".flo");
        Assert.Equal(kept.Order(StringComparer.Ordinal), Directory.GetFiles(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }
}
