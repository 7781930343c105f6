using System.IO.Compression;
using System.Security.Cryptography;
using Temper.Data.Readers;

namespace Temper.Data.Catalog;

/// <summary>
/// Sets that can be had by name: found in the cache, else among what the system has installed, else in a Debian package
/// that is
/// downloaded and unpacked without root, else at the set's public home. What arrives is checked before it is used.
/// </summary>
public sealed class DataCatalog
{
    private const long MaxFileBytes = 1024L * 1024 * 1024;

    private readonly string _cache;
    private readonly string _systemRoot;
    private readonly Func<HttpClient> _client;
    private readonly PackageFetch _fetchPackage;

    /// <summary>Looks in the user's cache folder.</summary>
    /// <param name="cache">The cache; null: TEMPER_CACHE, else the user's cache folder.</param>
    public DataCatalog(string? cache = null)
        : this(cache ?? DefaultCache(), "/", static () =>
            new HttpClient { Timeout = TimeSpan.FromMinutes(5) }, DebianPackage.Fetch)
    {
    }

    internal DataCatalog(string cache, string systemRoot, Func<HttpClient> client, PackageFetch fetchPackage) =>
        (_cache, _systemRoot, _client, _fetchPackage) = (cache, systemRoot, client, fetchPackage);

    /// <summary>All sets.</summary>
    public static IReadOnlyList<CatalogEntry> Entries => KnownSets.All;

    /// <summary>The names of all sets.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. KnownSets.All.Select(e => e.Name)];

    /// <summary>The set of a name; null if there is none.</summary>
    public static CatalogEntry? Find(string name) =>
        KnownSets.All.FirstOrDefault(e => string.Equals(e.Name, name, StringComparison.Ordinal));

    /// <summary>Where a set is kept once it has been obtained.</summary>
    public string Folder(CatalogEntry entry) => Path.Combine(_cache, "data", entry.Name);

    /// <summary>Where a set's files are now: the cache or the system; null if it has to be obtained.</summary>
    public string? Locate(CatalogEntry entry)
    {
        string installed = entry.PackageFolder is null ? "" : Path.Combine(_systemRoot, entry.PackageFolder);
        return HasFiles(Folder(entry), entry) ? Folder(entry) : HasFiles(installed, entry) ? installed : null;
    }

    /// <summary>The cache's folder of a set that no home is known for: users put its files there to use it by
    /// name.</summary>
    /// <param name="name">Name of the set, such as <c>cifar10</c>.</param>
    /// <returns>The folder; null if it does not exist.</returns>
    internal string? LocateByName(string name)
    {
        bool isName = name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        string folder = Path.Combine(_cache, "data", name);
        return isName && Directory.Exists(folder) ? folder : null;
    }

    /// <summary>Opens a set, obtaining it first if need be.</summary>
    /// <param name="entry">The set.</param>
    /// <param name="progress">Told what is being tried, a line at a time.</param>
    /// <exception cref="DataUnavailableException">It cannot be obtained.</exception>
    public DataSets Open(CatalogEntry entry, IProgress<string>? progress = null) =>
        IdxReader.ReadFolder(Locate(entry) ?? Get(entry, progress), entry.Name, entry.ClassNames);

    /// <summary>Obtains a set.</summary>
    /// <param name="entry">The set.</param>
    /// <param name="progress">Told what is being tried, a line at a time.</param>
    /// <returns>The folder that has its files.</returns>
    /// <exception cref="DataUnavailableException">All ways failed.</exception>
    public string Get(CatalogEntry entry, IProgress<string>? progress = null)
    {
        if (Locate(entry) is { } found)
        {
            progress?.Report($"{entry.Name}: found in {found}");
            return found;
        }

        List<string> failures = [];
        if (entry.DebianPackage is not null)
        {
            Try(() => _fetchPackage(entry, Incoming(entry), progress), "apt");
        }

        foreach (string home in entry.Homes)
        {
            if (Locate(entry) is null)
            {
                Try(() => Download(entry, home, progress), new Uri(home).Host);
            }
        }

        return Locate(entry) ?? throw new DataUnavailableException(
            $"data: cannot obtain {entry.Name} ({string.Join("; ", failures)}); go on without it with --data "
            + "synth:shapes");

        void Try(Action fetch, string way)
        {
            try
            {
                fetch();
                Accept(entry);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or UnauthorizedAccessException
                or InvalidDataException or TaskCanceledException or System.ComponentModel.Win32Exception)
            {
                failures.Add($"{way}: {e.Message}");
            }
            finally
            {
                if (Directory.Exists(Incoming(entry)))
                {
                    Directory.Delete(Incoming(entry), recursive: true);
                }
            }
        }
    }

    /// <summary>Checks a set's files against their check sums.</summary>
    /// <param name="entry">The set.</param>
    /// <returns>The names of files that are missing or differ; none: all is well.</returns>
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

    private string Incoming(CatalogEntry entry) => Folder(entry) + ".incoming";

    private void Download(CatalogEntry entry, string home, IProgress<string>? progress)
    {
        Directory.CreateDirectory(Incoming(entry));
        using HttpClient client = _client();
        foreach (CatalogFile file in entry.Files)
        {
            progress?.Report($"{entry.Name}: downloading {home}{file.Name}");
            using Stream source = client.GetStreamAsync(new Uri(home + file.Name)).GetAwaiter().GetResult();
            using FileStream target = File.Create(Path.Combine(Incoming(entry), file.Name));
            byte[] buffer = new byte[64 * 1024];
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                target.Write(buffer, 0, read);
                if (target.Length > MaxFileBytes)
                {
                    throw new IOException($"{file.Name} is longer than {MaxFileBytes} bytes");
                }
            }
        }
    }

    /// <summary>Moves what has arrived into the cache, if every file is what it must be.</summary>
    private void Accept(CatalogEntry entry)
    {
        foreach (CatalogFile file in entry.Files)
        {
            if (!IsIntact(Path.Combine(Incoming(entry), file.Name), file))
            {
                throw new IOException($"{file.Name} is missing or its check sum is wrong");
            }
        }

        if (Directory.Exists(Folder(entry)))
        {
            Directory.Delete(Folder(entry), recursive: true);
        }

        Directory.Move(Incoming(entry), Folder(entry));
    }
}
