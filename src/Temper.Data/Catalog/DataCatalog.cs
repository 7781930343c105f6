using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using Temper.Data.Readers;

namespace Temper.Data.Catalog;

/// <summary>
/// Finds data sets by name: in the cache, in the system's folders, in a Debian package (downloaded and unpacked without
/// root privileges), or at the data set's public site, in that order. Downloaded files are checked before they are
/// used.
/// </summary>
public sealed class DataCatalog
{
    private const long MaxFileBytes = 1024L * 1024 * 1024;
    private const string IncomingMark = ".incoming-";

    private static readonly TimeSpan LeftoverAge = TimeSpan.FromDays(1);

    private readonly string _cache;
    private readonly string _systemRoot;
    private readonly Func<HttpClient> _client;
    private readonly PackageFetch _fetchPackage;

    /// <summary>Creates a catalog with a cache folder.</summary>
    /// <param name="cache">
    /// The cache folder; null: the environment variable TEMPER_CACHE, or the user's cache folder if it is not set.
    /// </param>
    public DataCatalog(string? cache = null)
        : this(cache ?? DefaultCache(), "/", static () =>
            new HttpClient { Timeout = TimeSpan.FromMinutes(5) }, DebianPackage.Fetch)
    {
    }

    internal DataCatalog(string cache, string systemRoot, Func<HttpClient> client, PackageFetch fetchPackage) =>
        (_cache, _systemRoot, _client, _fetchPackage) = (cache, systemRoot, client, fetchPackage);

    /// <summary>All known data sets.</summary>
    public static IReadOnlyList<CatalogEntry> Entries => KnownSets.All;

    /// <summary>Names of all known data sets.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. KnownSets.All.Select(e => e.Name)];

    /// <summary>Returns the data set with a given name; null if it is not known.</summary>
    public static CatalogEntry? Find(string name) =>
        KnownSets.All.FirstOrDefault(e => string.Equals(e.Name, name, StringComparison.Ordinal));

    /// <summary>Returns the folder in which a data set is stored after it was obtained.</summary>
    public string Folder(CatalogEntry entry) => Path.Combine(_cache, "data", entry.Name);

    /// <summary>
    /// Returns the folder that holds a data set's files now, in the cache or the system; null if it has to be obtained.
    /// </summary>
    public string? Locate(CatalogEntry entry)
    {
        string installed = entry.PackageFolder is null ? "" : Path.Combine(_systemRoot, entry.PackageFolder);
        return HasFiles(Folder(entry), entry) ? Folder(entry) : HasFiles(installed, entry) ? installed : null;
    }

    /// <summary>
    /// Returns the cache folder of a data set that is not in the catalog. Users can put files there to use them by
    /// name.
    /// </summary>
    /// <param name="name">Name of the data set, such as <c>cifar10</c>.</param>
    /// <returns>The folder; null if it does not exist.</returns>
    internal string? LocateByName(string name)
    {
        bool isName = name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        string folder = Path.Combine(_cache, "data", name);
        return isName && Directory.Exists(folder) ? folder : null;
    }

    /// <summary>Opens a data set and obtains it first if necessary.</summary>
    /// <param name="entry">The data set.</param>
    /// <param name="progress">Receives one line of text for each step.</param>
    /// <exception cref="DataUnavailableException">The data set cannot be obtained.</exception>
    public DataSets Open(CatalogEntry entry, IProgress<string>? progress = null) =>
        IdxReader.ReadFolder(Locate(entry) ?? Get(entry, progress), entry.Name, entry.ClassNames);

    /// <summary>Obtains a data set if it is not in the cache or the system.</summary>
    /// <param name="entry">The data set.</param>
    /// <param name="progress">Receives one line of text for each step.</param>
    /// <returns>The folder that holds the files.</returns>
    /// <exception cref="DataUnavailableException">All sources failed.</exception>
    public string Get(CatalogEntry entry, IProgress<string>? progress = null)
    {
        if (Locate(entry) is { } found)
        {
            progress?.Report($"{entry.Name}: found in {found}");
            return found;
        }

        string incoming = NewIncoming(entry);
        List<string> failures = [];
        if (entry.DebianPackage is not null)
        {
            Try(() => _fetchPackage(entry, incoming, progress), "apt");
        }

        foreach (string home in entry.Homes)
        {
            if (Locate(entry) is null)
            {
                Try(() => Download(entry, incoming, home, progress), new Uri(home).Host);
            }
        }

        return Locate(entry) ?? throw new DataUnavailableException($"data: cannot obtain {entry.Name} "
            + $"({string.Join("; ", failures)}); to continue without it, use --data synth:shapes");

        void Try(Action fetch, string way)
        {
            try
            {
                DeleteLeftovers(entry);
                fetch();
                Accept(entry, incoming);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or UnauthorizedAccessException
                or InvalidDataException or TaskCanceledException or System.ComponentModel.Win32Exception)
            {
                failures.Add($"{way}: {e.Message}");
            }
            finally
            {
                if (Directory.Exists(incoming))
                {
                    Directory.Delete(incoming, recursive: true);
                }
            }
        }
    }

    /// <summary>Checks the SHA-256 checksums of a data set's files.</summary>
    /// <param name="entry">The data set.</param>
    /// <returns>Names of the files that are missing or differ; empty: all files are intact.</returns>
    public IReadOnlyList<string> Verify(CatalogEntry entry)
    {
        string? folder = Locate(entry);
        return [.. entry.Files.Where(f => folder is null || !IsIntact(Path.Combine(folder, f.Name), f)).Select(
            f => f.Name)];
    }

    private static bool HasFiles(string folder, CatalogEntry entry) =>
        entry.Files.All(f => File.Exists(Path.Combine(folder, f.Name)));

    private static bool IsIntact(string path, CatalogFile file)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using var content = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        try
        {
            return string.Equals(
                Convert.ToHexStringLower(SHA256.HashData(content)), file.Sha256, StringComparison.Ordinal);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static string DefaultCache()
    {
        if (Environment.GetEnvironmentVariable("TEMPER_CACHE") is { Length: > 0 } chosen)
        {
            return chosen;
        }

        return Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? Path.Combine(cache, "temper")
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "temper");
    }

    /// <summary>
    /// Returns a folder for files that are not checked yet. It is not named by the process, because processes in
    /// containers that share a cache often have the same id.
    /// </summary>
    private string NewIncoming(CatalogEntry entry) => $"{Folder(entry)}{IncomingMark}{Path.GetRandomFileName()}";

    /// <summary>Deletes what processes that were ended left behind, where that is possible.</summary>
    private void DeleteLeftovers(CatalogEntry entry)
    {
        string parent = Path.Combine(_cache, "data");
        string[] folders =
            Directory.Exists(parent) ? Directory.GetDirectories(parent, $"{entry.Name}{IncomingMark}*") : [];
        DateTime oldest = TimeProvider.System.GetUtcNow().UtcDateTime - LeftoverAge;
        foreach (string folder in folders.Where(path => Directory.GetLastWriteTimeUtc(path) < oldest))
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It belongs to another user of a common cache.
            }
        }
    }

    private void Download(CatalogEntry entry, string incoming, string home, IProgress<string>? progress)
    {
        Directory.CreateDirectory(incoming);
        using HttpClient client = _client();
        foreach (CatalogFile file in entry.Files)
        {
            progress?.Report($"{entry.Name}: downloading {home}{file.Name}");
            using Stream source = client.GetStreamAsync(new Uri(home + file.Name)).GetAwaiter().GetResult();
            using FileStream target = File.Create(Path.Combine(incoming, file.Name));
            byte[] buffer = new byte[64 * 1024];
            for (int read; (read = Read(source, buffer, file, client.Timeout)) > 0;)
            {
                target.Write(buffer, 0, read);
                if (target.Length > MaxFileBytes)
                {
                    throw new IOException($"{file.Name} is longer than {MaxFileBytes} bytes");
                }
            }
        }
    }

    /// <summary>Reads what arrives next. The client's own time limit ends when a response begins.</summary>
    private static int Read(Stream source, byte[] buffer, CatalogFile file, TimeSpan limit)
    {
        using var stalled = new CancellationTokenSource(limit);
        try
        {
            return source.ReadAsync(buffer, stalled.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException error) when (stalled.IsCancellationRequested)
        {
            throw new IOException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the server stopped sending {file.Name} (nothing for {limit.TotalSeconds} s)"),
                error);
        }
    }

    /// <summary>
    /// Moves the downloaded files into the cache if all of them are intact. Other files of the folder are kept.
    /// </summary>
    private void Accept(CatalogEntry entry, string incoming)
    {
        foreach (CatalogFile file in entry.Files)
        {
            if (!IsIntact(Path.Combine(incoming, file.Name), file))
            {
                throw new IOException($"{file.Name} is missing or its checksum is wrong");
            }
        }

        Directory.CreateDirectory(Folder(entry));
        foreach (CatalogFile file in entry.Files)
        {
            File.Move(Path.Combine(incoming, file.Name), Path.Combine(Folder(entry), file.Name), overwrite: true);
        }
    }
}
