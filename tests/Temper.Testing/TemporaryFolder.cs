namespace Temper.Testing;

/// <summary>A folder that exists for the duration of a test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>Full path of the folder.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("temper-test").FullName;

    /// <summary>Returns the path of a file in the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Deletes the folder and its contents.</summary>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
