using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Temper.Testing;

/// <summary>
/// Folders that one test creates and many tests read, such as a trained network. They lie in <c>artifacts/fixtures</c>
/// and are named by a digest of their settings and of the code that creates them. Test processes share them: the first
/// one creates the folder, the others wait.
/// </summary>
public static class SharedFixture
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Returns a folder with the fixture's files. Callers must not change it, since other tests read it too.
    /// </summary>
    /// <param name="name">Readable prefix of the folder's name.</param>
    /// <param name="settings">
    /// Everything besides the code that determines the content, such as the arguments of a command.
    /// </param>
    /// <param name="madeBy">
    /// Assembly that creates the content; a changed build of it, or of a product assembly that it references, gives a
    /// new fixture.
    /// </param>
    /// <param name="make">Fills an empty folder; if it throws, the folder is removed.</param>
    public static string Folder(string name, string settings, Assembly madeBy, Action<string> make) => Folder(DefaultRoot(), name, settings, madeBy, make);

    internal static string Folder(string root, string name, string settings, Assembly madeBy, Action<string> make)
    {
        Directory.CreateDirectory(root);
        string folder = Path.Combine(root, $"{name}-{Digest(settings, madeBy)}");
        using FileStream held = Hold($"{folder}.lock");
        if (!Directory.Exists(folder))
        {
            string part = $"{folder}.part";
            Remove(part);           // left by a process that was killed
            try
            {
                make(Directory.CreateDirectory(part).FullName);
                Directory.Move(part, folder);
            }
            finally
            {
                Remove(part);
            }
        }

        return folder;
    }

    /// <summary>
    /// Returns an exclusively opened file, which acts as a lock between threads and processes; the system closes it
    /// when the process ends.
    /// </summary>
    private static FileStream Hold(string path)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (clock.Elapsed < MaxWait)
            {
                Thread.Sleep(50);
            }
        }
    }

    private static string Digest(string settings, Assembly madeBy)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(Encoding.UTF8.GetBytes(settings));
        foreach (Assembly assembly in Product(madeBy))
        {
            digest.AppendData(File.ReadAllBytes(assembly.Location));
        }

        return Convert.ToHexStringLower(digest.GetHashAndReset())[..16];
    }

    /// <summary>Returns the assembly and all product assemblies that it references, directly or indirectly.</summary>
    private static IEnumerable<Assembly> Product(Assembly assembly)
    {
        var found = new SortedDictionary<string, Assembly>(StringComparer.Ordinal);
        var open = new Stack<Assembly>([assembly]);
        while (open.TryPop(out Assembly? next))
        {
            if (found.TryAdd(next.GetName().Name!, next))
            {
                foreach (AssemblyName name in next.GetReferencedAssemblies().Where(name => name.Name!.StartsWith("Temper", StringComparison.Ordinal)))
                {
                    open.Push(Assembly.Load(name));
                }
            }
        }

        return found.Values;
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string DefaultRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Temper.slnx")))
            {
                return Path.Combine(folder.FullName, "artifacts", "fixtures");
            }
        }

        return Path.Combine(Path.GetTempPath(), "temper-fixtures");
    }
}
