using Temper.Formats.Onnx;
using Temper.Formats.Protobuf;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>Test data without expected values never counts as agreement.</summary>
public sealed class OnnxVerificationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-verify-").FullName;

    private string Model => Path.Combine(_folder, "model.onnx");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Outputs_are_compared_with_their_files()
    {
        Write(set: 0, "input_0.pb", -1, 2);
        Write(set: 0, "output_0.pb", 0, 2);
        Write(set: 0, "output_1.pb", 1, -3);
        IReadOnlyList<OnnxComparison> found = Run();
        Assert.Equal(["y", "z"], found.Select(output => output.Output));
        Assert.Equal([true, false], found.Select(output => output.Agrees));
        Assert.Equal(1, found[1].LargestAbsolute);
    }

    [Fact]
    public void Output_without_an_expected_value_does_not_agree()
    {
        Write(set: 0, "input_0.pb", -1, 2);
        Write(set: 0, "output_0.pb", 0, 2);
        IReadOnlyList<OnnxComparison> found = Run();
        Assert.Equal([true, false], found.Select(output => output.Agrees));
        Assert.Contains("output_1.pb", found[1].Remark, StringComparison.Ordinal);
    }

    /// <summary>The other set is complete, so that it alone would agree.</summary>
    [Fact]
    public void Set_without_expected_values_is_an_error()
    {
        Write(set: 0, "input_0.pb", -1, 2);
        Write(set: 0, "output_0.pb", 0, 2);
        Write(set: 0, "output_1.pb", 1, -2);
        Assert.All(Run(), output => Assert.True(output.Agrees));
        Write(set: 1, "input_0.pb", -1, 2);
        var error = Assert.Throws<FileNotFoundException>(() => Run());
        Assert.Contains("test_data_set_1", error.Message, StringComparison.Ordinal);
        Assert.Contains("output_0.pb", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Runs y = max(x, 0) and z = -x on the data.</summary>
    private IReadOnlyList<OnnxComparison> Run()
    {
        new OnnxModelBuilder().Input("x", "N", 2).Node("Relu", "x", "y").Node("Neg", "x", "z").Output("y").Output("z").Save(Model);
        return OnnxVerification.Run(Model, _folder, new OnnxTolerance());
    }

    private void Write(int set, string name, params float[] values)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, $"test_data_set_{set}")).FullName;
        byte[] bytes = [.. values.SelectMany(BitConverter.GetBytes)];
        File.WriteAllBytes(Path.Combine(folder, name), new WireWriter().Integers(1, [1, values.Length]).Integer(2, 1).Bytes(9, bytes).Written.ToArray());
    }
}
