using Temper.Formats.Onnx;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>
/// Every node test of the ONNX standard. Models whose inputs and outputs are float32, int64, int32 or bool must agree
/// with their test data; others must agree or be refused. No model may return a wrong result.
/// </summary>
public sealed class NodeTests(NodeTestCases cases) : IClassFixture<NodeTestCases>
{
    public static TheoryData<string> Names => [.. NodeTestCases.Names];

    [OutsideDataTheory(NodeTestCases.Archive, NodeTestCases.List)]
    [MemberData(nameof(Names))]
    public void Model_agrees_with_its_test_data_or_is_refused(string name)
    {
        string folder = cases.FolderOf(name), model = Path.Combine(folder, "model.onnx");
        bool mustRun = HasPlainTypes(model);
        IReadOnlyList<OnnxComparison> results;
        try
        {
            results = OnnxVerification.Run(model, folder, new OnnxTolerance());
        }
        catch (ModelFormatException refused) when (!mustRun)
        {
            Assert.Contains("ONNX", refused.Message);
            return;
        }

        Assert.NotEmpty(results);
        Assert.All(results, result => Assert.True(result.Agrees, $"{result}"));
    }

    private static bool HasPlainTypes(string model)
    {
        using FileStream stream = File.OpenRead(model);
        OnnxGraph graph = OnnxModelReader.Read(stream, model).Graph;
        return graph.Inputs.Concat(graph.Outputs).All(value => value.Type is OnnxType.Float or OnnxType.Int64 or OnnxType.Int32 or OnnxType.Bool);
    }
}
