using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using Temper.Data.Catalog;

namespace Temper.Data.Tests.Catalog;

/// <summary>
/// Tests the sources of a data set, tried one after another, without network, apt or the user's cache.
/// </summary>
public sealed class DataCatalogTests : IDisposable
{
    private static readonly byte[] Pictures = Packed([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6]);
    private static readonly byte[] Labels = Packed([0, 0, 8, 1, 0, 0, 0, 1, 1]);
    private static readonly CatalogEntry Entry = new(
        "tiny", "one picture", [.. new[] { "train", "t10k" }.SelectMany(Files)], ["https://first.invalid/", "https://second.invalid/"], "dataset-tiny", "usr/share/tiny", ["a", "b"]);

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-catalog-").FullName;
    private readonly List<string> _asked = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Get_with_nothing_to_be_had_is_one_error_with_every_way_and_what_to_do()
    {
        var error = Assert.Throws<DataUnavailableException>(() => Catalog(NoPackage, _ => null).Get(Entry));
        foreach (string part in new[] { "tiny", "apt: no network", "first.invalid", "second.invalid", "--data synth:shapes" })
        {
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetDirectories(Path.Combine(_folder, "cache", "data")));
        Assert.Equal(Entry.Files.Select(file => file.Name), Catalog(NoPackage, _ => null).Verify(Entry));
    }

    [Fact]
    public void Get_falls_through_to_the_home_that_has_the_right_files_and_keeps_them()
    {
        DataCatalog catalog = Catalog(NoPackage, uri => string.Equals(uri.Host, "first.invalid", StringComparison.Ordinal) ? Packed([1, 2, 3]) : Content(uri.AbsolutePath));
        Assert.Equal(1, catalog.Open(Entry).Train.Count);
        Assert.Contains(_asked, asked => asked.StartsWith("https://first", StringComparison.Ordinal));
        Assert.Empty(catalog.Verify(Entry));

        _asked.Clear();
        Assert.Equal(1, Catalog(NoPackage, _ => null).Open(Entry).Test.Label(0));
        Assert.Empty(_asked);
    }

    [Fact]
    public void Get_gives_up_a_server_that_stops_sending()
    {
        var catalog = new DataCatalog(
            Path.Combine(_folder, "cache"), Path.Combine(_folder, "root"),
            () => new HttpClient(new StallingWeb()) { Timeout = TimeSpan.FromMilliseconds(200) }, NoPackage);
        var error = Assert.Throws<DataUnavailableException>(() => catalog.Get(Entry));
        foreach (string host in (string[])["first", "second"])
        {
            Assert.Contains(
                $"{host}.invalid: the server stopped sending train-images-idx3-ubyte.gz (nothing for 0.2 s)", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Get_keeps_other_files_of_the_folder_and_the_downloads_of_other_processes()
    {
        string data = Path.Combine(_folder, "cache", "data"), own = Path.Combine(data, "tiny"), other = Path.Combine(data, "tiny.incoming-0"),
            old = Path.Combine(data, "tiny.incoming-1");
        foreach (string folder in (string[])[own, other, old])
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "notes.txt"), "keep");
        }

        File.WriteAllBytes(Path.Combine(own, Entry.Files[0].Name), [1, 2]);
        Directory.SetLastWriteTimeUtc(old, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-2));
        DataCatalog catalog = Catalog(Fetch(Content), _ => null);
        catalog.Get(Entry);
        Assert.Empty(catalog.Verify(Entry));
        Assert.Equal("keep", File.ReadAllText(Path.Combine(own, "notes.txt")));
        Assert.Equal(["tiny", "tiny.incoming-0"], Directory.GetDirectories(data).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
    }

    /// <summary>As in two containers with one cache, whose processes may have the same id.</summary>
    [Fact]
    public void Downloads_at_the_same_time_have_folders_of_their_own()
    {
        DataCatalog other = Catalog(Fetch(Content), _ => null), catalog = Catalog(
            (entry, folder, progress) =>
            {
                Fetch(Content)(entry, folder, progress);
                other.Get(entry);
                Assert.All(entry.Files, file => Assert.True(File.Exists(Path.Combine(folder, file.Name))));
            },
            _ => null);
        catalog.Get(Entry);
        Assert.Empty(catalog.Verify(Entry));
        Assert.Equal([catalog.Folder(Entry)], Directory.GetDirectories(Path.Combine(_folder, "cache", "data")));
    }

    [Fact]
    public void Get_prefers_the_package_and_takes_nothing_from_it_that_is_wrong()
    {
        Assert.EndsWith("tiny", Catalog(Fetch(Content), _ => throw new InvalidOperationException("the web was asked")).Get(Entry), StringComparison.Ordinal);
        Directory.Delete(Path.Combine(_folder, "cache"), recursive: true);
        var error = Assert.Throws<DataUnavailableException>(() => Catalog(Fetch(_ => Packed([9])), _ => null).Get(Entry));
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Locate_finds_what_the_system_has_installed_and_verify_what_is_damaged()
    {
        string installed = Path.Combine(_folder, "root", "usr/share/tiny");
        Fetch(Content)(Entry, installed, null);
        DataCatalog catalog = Catalog(NoPackage, _ => null);
        Assert.Equal(installed, catalog.Get(Entry));
        File.WriteAllBytes(Path.Combine(installed, Entry.Files[0].Name), Pictures[..20]);
        File.WriteAllBytes(Path.Combine(installed, Entry.Files[1].Name), [1, 2]);
        Assert.Equal([Entry.Files[0].Name, Entry.Files[1].Name], catalog.Verify(Entry));
    }

    [Fact]
    public void Every_known_set_has_files_with_check_sums_and_classes() => Assert.All(DataCatalog.Entries, entry =>
    {
        Assert.Equal(4, entry.Files.Count);
        Assert.All(entry.Files, file => Assert.Matches("^[0-9a-f]{64}$", file.Sha256));
        Assert.Equal(10, entry.ClassNames.Count);
        Assert.All(entry.Homes, home => Assert.Matches("^https://.+/$", home));
    });

    private DataCatalog Catalog(PackageFetch fetch, Func<Uri, byte[]?> web) => new(
        Path.Combine(_folder, "cache"), Path.Combine(_folder, "root"), () => new HttpClient(new Web(uri =>
        {
            _asked.Add($"{uri}");
            return web(uri);
        })), fetch);

    private static void NoPackage(CatalogEntry entry, string folder, IProgress<string>? progress) => throw new IOException("no network");

    private static PackageFetch Fetch(Func<string, byte[]> content) => (entry, folder, _) =>
    {
        Directory.CreateDirectory(folder);
        foreach (CatalogFile file in entry.Files)
        {
            File.WriteAllBytes(Path.Combine(folder, file.Name), content(file.Name));
        }
    };

    private static byte[] Content(string path) => path.Contains("images", StringComparison.Ordinal) ? Pictures : Labels;

    private static IEnumerable<CatalogFile> Files(string part) =>
    [
        new($"{part}-images-idx3-ubyte.gz", Sum(Pictures)), new($"{part}-labels-idx1-ubyte.gz", Sum(Labels)),
    ];

    private static string Sum(byte[] packed)
    {
        using var content = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private sealed class Web(Func<Uri, byte[]?> content) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(content(request.RequestUri!) is { } bytes
                ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(bytes) }
                : new HttpResponseMessage(HttpStatusCode.NotFound));
    }

    private sealed class StallingWeb : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new StallingStream()) });
    }

    /// <summary>One byte, and then nothing.</summary>
    private sealed class StallingStream : Stream
    {
        private bool _hasSent;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_hasSent)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            _hasSent = true;
            buffer.Span[0] = 31;
            return 1;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
