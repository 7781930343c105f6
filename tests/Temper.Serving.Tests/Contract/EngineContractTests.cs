using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Xunit.Abstractions;

namespace Temper.Serving.Tests.Contract;

/// <summary>Every operator, zoo network and available ONNX model, run by every engine.</summary>
[Collection(EngineContract.Alone)]
public sealed class EngineContractTests(NodeTestCases cases, ITestOutputHelper output) : IClassFixture<NodeTestCases>
{
    private const string Classifiers = "onnx-models";

    public static TheoryData<int> Indices => [.. Enumerable.Range(0, OperatorRows.All.Count)];

    /// <summary>One network of each architecture; deeper networks of a family have the same layers.</summary>
    public static TheoryData<string> Zoo => ["lenet-300-100", "lenet-5", "lenet-5-caffe", "convnet-small", "convnet-5", "vgg-16-bn", "resnet-20", "basic-1-1-1"];

    public static TheoryData<string> NodeTests => [.. NodeTestCases.Names];

    public static TheoryData<string> CompileCases => [.. OutsideData.Cases("compile")];

    public static TheoryData<string> OnnxCases => [.. OutsideData.Cases("onnx")];

    public static TheoryData<string> ClassifierFiles => OutsideData.Root is not null && Directory.Exists(OutsideData.PathOf(Classifiers))
        ? [.. Directory.GetFiles(OutsideData.PathOf(Classifiers), "*.onnx").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)]
        : [""];

    [Theory]
    [MemberData(nameof(Indices))]
    public void Operators_run_the_same_in_every_way(int place)
    {
        OperatorRow row = OperatorRows.All[place];
        string? reason = EngineContract.Check(row.Network(), row.Inputs(batch: 3));
        Assert.Equal(row.HasNoOnnx, reason is not null);
        Note($"{row.Operator}", reason);
    }

    [Theory]
    [MemberData(nameof(Zoo))]
    public void Networks_of_the_zoo_run_the_same_in_every_way(string name)
    {
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
        Assert.Null(EngineContract.Check(network, [Samples.GaussianTensor([2, .. network.Inputs[0].SampleShape], 3)]));
    }

    [OutsideDataTheory(NodeTestCases.Archive, NodeTestCases.List)]
    [MemberData(nameof(NodeTests))]
    public void Node_tests_run_the_same_in_every_way(string name)
    {
        string set = Path.Combine(cases.FolderOf(name), "test_data_set_0"), model = Path.Combine(cases.FolderOf(name), "model.onnx");
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        OnnxImport import;
        try
        {
            foreach ((int i, string input) in OnnxFile.InputNames(model).Index().Where(pair => File.Exists(Path.Combine(set, $"input_{pair.Index}.pb"))))
            {
                values[input] = OnnxFile.LoadTensor(Path.Combine(set, $"input_{i}.pb")).Value;
            }

            import = OnnxFile.Load(model, new OnnxImportOptions { Values = values, FreesBatch = false });
        }
        catch (ModelFormatException refused)
        {
            Note(name, $"not imported: {refused.Message}");
            return;
        }

        Note(name, EngineContract.Check(import.Network, [.. import.InputNames.Select(input => values[input])]));
    }

    [OutsideDataTheory(Classifiers)]
    [MemberData(nameof(ClassifierFiles))]
    public void Published_classifiers_run_the_same_in_every_way(string file)
    {
        Network network = OnnxFile.Load(OutsideData.PathOf($"{Classifiers}/{file}")).Network;
        Assert.Null(EngineContract.Check(network, [.. network.Inputs.Select(input => Samples.GaussianTensor(input.IsBatched ? [5, .. input.SampleShape] : input.SampleShape, 3))]));
    }

    [OutsideDataTheory("../cases/compile")]
    [MemberData(nameof(CompileCases))]
    public void Cases_of_constants_have_their_values_in_every_way(string name)
    {
        string folder = OutsideData.PathOf($"../cases/compile/{name}");
        OnnxImport import = OnnxFile.Load(Path.Combine(folder, "model.onnx"));
        Tensor[] inputs = Inputs(folder, import);
        Assert.Null(EngineContract.Check(import.Network, inputs));
        foreach ((string output, Tensor value) in import.OutputNames.Zip(Engines.Compiled(import.Network, inputs).Values!))
        {
            EngineContract.AssertNear(output, EngineContract.Numbers(NpyFile.Load(Path.Combine(folder, $"want_{output}.npy"))), EngineContract.Numbers(value), 1e-5);
        }
    }

    /// <summary>
    /// Checks that the other engines agree with the graph; tests of the importer check the values of the graph.
    /// </summary>
    [OutsideDataTheory("../cases/onnx")]
    [MemberData(nameof(OnnxCases))]
    public void Other_cases_run_the_same_in_every_way_or_are_refused(string name)
    {
        string folder = OutsideData.PathOf($"../cases/onnx/{name}");
        OnnxImport import;
        try
        {
            import = OnnxFile.Load(Path.Combine(folder, "model.onnx"));
        }
        catch (ModelFormatException refused)
        {
            Note(name, $"not imported: {refused.Message}");
            return;
        }

        Note(name, EngineContract.Check(import.Network, Inputs(folder, import), mixes: name.Contains("mix", StringComparison.Ordinal)));
    }

    private static Tensor[] Inputs(string folder, OnnxImport import) => [.. import.InputNames.Select(input => NpyFile.Load(Path.Combine(folder, $"in_{input}.npy")))];

    private void Note(string what, string? reason)
    {
        if (reason is not null)
        {
            output.WriteLine($"{what}: {reason}");
        }
    }
}
