using System.IO.Compression;

namespace Temper.Testing;

/// <summary>ONNX's own node tests, unpacked for the duration of the tests.</summary>
public sealed class NodeTestCases : IDisposable
{
    public const string Archive = "onnx-node-tests/onnx-node-tests.zip";
    public const string List = "onnx-node-tests/list.txt";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("temper-onnx-");

    public NodeTestCases()
    {
        if (OutsideData.Root is not null)
        {
            ZipFile.ExtractToDirectory(OutsideData.PathOf(Archive), _folder.FullName);
        }
    }

    /// <summary>Names of the tests; one empty name if outside data is missing, since a theory needs a row.</summary>
    public static string[] Names => OutsideData.Root is null
        ? [""]
        : [.. File.ReadAllLines(OutsideData.PathOf(List)).Where(line => line.Length > 0)];

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Returns the folder of a test.</summary>
    public string FolderOf(string name) => Path.Combine(_folder.FullName, name);
}
