using System.IO.Compression;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>ONNX's own node tests, unpacked for the time of the tests.</summary>
public sealed class NodeTestCases : IDisposable
{
    internal const string Archive = "onnx-node-tests/onnx-node-tests.zip";
    internal const string List = "onnx-node-tests/list.txt";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("temper-onnx-");

    public NodeTestCases()
    {
        if (OutsideData.Root is not null)
        {
            ZipFile.ExtractToDirectory(OutsideData.PathOf(Archive), _folder.FullName);
        }
    }

    /// <summary>Names of the tests; one empty name where outside data is not there, since a theory needs a row.</summary>
    internal static string[] Names => OutsideData.Root is null
        ? [""]
        : [.. File.ReadAllLines(OutsideData.PathOf(List)).Where(line => line.Length > 0)];

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>The folder of a test.</summary>
    internal string FolderOf(string name) => Path.Combine(_folder.FullName, name);
}
