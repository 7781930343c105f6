using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>
/// Batch states of imported models. Models that keep samples independent get a free batch. Models that mix samples are
/// refused, with the name of the node, unless the number of samples is given; their results are then correct. Models
/// that depend on a declared number of samples keep it.
/// </summary>
public sealed class BatchStateTests : IDisposable
{
    private static readonly Dictionary<string, MixingRow> Mixing = MixingRow.All.ToDictionary(row => row.Name, StringComparer.Ordinal);
    private static readonly Dictionary<string, ApartRow> Apart = ApartRow.All.ToDictionary(row => row.Name, StringComparer.Ordinal);

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-batch-").FullName;

    public static TheoryData<string> MixingNames => [.. Mixing.Keys];

    public static TheoryData<string> ApartNames => [.. Apart.Keys];

    private string Model => Path.Combine(_folder, "model.onnx");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(MixingNames))]
    public void Mixing_model_of_an_open_batch_is_refused_by_name_and_right_for_a_given_one(string name)
    {
        MixingRow row = Mixing[name];
        row.Build(new OnnxModelBuilder(row.Opset).Input("x", "N", MixingRow.Width)).Output("y").Save(Model);
        var refused = Assert.Throws<MixedBatchException>(() => OnnxFile.Load(Model));
        Assert.Equal(row.Node, refused.Node);
        Assert.Contains($"'{row.Node}'", refused.Message);
        foreach (int samples in new[] { 1, 3 })
        {
            Tensor x = Tensor.From(Samples.Uniform(samples * MixingRow.Width, 5), [samples, MixingRow.Width]);
            Network network = OnnxFile.LoadFor(Model, Given(x)).Network;
            Assert.NotEqual(BatchKind.Free, network.Batch.Kind);
            AssertClose(row.Expected(Rows(x)), network.Forward([x], Pass.Evaluation)[0]);
        }
    }

    /// <summary>
    /// The same nodes in a file that declares two samples: models that still mix samples accept exactly two.
    /// </summary>
    [Theory]
    [MemberData(nameof(MixingNames))]
    public void Mixing_model_of_a_declared_batch_takes_exactly_that(string name)
    {
        MixingRow row = Mixing[name];
        row.Build(new OnnxModelBuilder(row.Opset).Input("x", 2, MixingRow.Width)).Output("y").Save(Model);
        Network network = OnnxFile.Load(Model).Network;
        Tensor two = Tensor.From(Samples.Uniform(2 * MixingRow.Width, 5), [2, MixingRow.Width]);
        AssertClose(row.Expected(Rows(two)), FixedBatch.Run(network, [two])[0]);
        Assert.Equal(row.Declared, network.Batch.Kind);
        if (row.Declared != BatchKind.Whole)
        {
            return;
        }

        Assert.Equal(2, network.Batch.Size);
        Assert.NotEmpty(network.Batch.Node);
        foreach (int samples in new[] { 1, 3, 4 })
        {
            var error = Assert.Throws<ShapeMismatchException>(() => FixedBatch.Run(network, [Tensor.Zeros([samples, MixingRow.Width])]));
            Assert.Contains(network.Batch.Node, error.Message);
        }
    }

    [Theory]
    [MemberData(nameof(ApartNames))]
    public void Model_that_keeps_samples_apart_has_a_free_batch_also_when_written_again(string name)
    {
        ApartRow row = Apart[name];
        row.Build(new OnnxModelBuilder(row.Opset).Input("x", "N", 2, 4)).Output("y").Save(Model);
        Network network = OnnxFile.Load(Model).Network;
        OnnxFile.Save(network, Model);
        foreach (Network each in new[] { network, OnnxFile.Load(Model).Network })
        {
            Assert.Equal(BatchKind.Free, each.Batch.Kind);
            Tensor x = Tensor.From(Samples.Uniform(3 * 8, 5), [3, 2, 4]);
            Tensor all = each.Forward(x);
            Assert.Equal(3, all.Shape[0]);
            for (int sample = 0; sample < 3; sample++)
            {
                Tensor one = x.Slice(0, sample, sample + 1);
                AssertClose([.. row.Expected(one.ToArray<float>())], all.Slice(0, sample, sample + 1));
                AssertClose(all.Slice(0, sample, sample + 1).ToArray<float>(), each.Forward(one));
            }
        }
    }

    /// <summary>
    /// A constant for each position in the batch: samples are independent, but a run takes two at a time, so only
    /// multiples of two are accepted.
    /// </summary>
    [Fact]
    public void Fixed_batch_of_two_takes_multiples_and_survives_every_format()
    {
        float[] places = [1, 2, 3, 4, 5, 6];
        new OnnxModelBuilder().Input("x", 2, 3).Weight("c", places, 2, 3).Node("Add", "x,c", "y").Output("y").Save(Model);
        Network network = OnnxFile.Load(Model).Network;
        OnnxFile.Save(network, Path.Combine(_folder, "again.onnx"));
        ModelFile.Save(network, Path.Combine(_folder, "again.safetensors"));
        Network[] all = [network, OnnxFile.Load(Path.Combine(_folder, "again.onnx")).Network, ModelFile.Load(Path.Combine(_folder, "again.safetensors"))];
        Assert.All(all, each =>
        {
            Assert.Equal(new BatchState { Kind = BatchKind.Fixed, Size = 2 }, each.Batch);
            Assert.Equal([.. places, .. places], FixedBatch.Run(each, [Tensor.Zeros([4, 3])])[0].ToArray<float>());
            foreach (int samples in new[] { 1, 3 })
            {
                Assert.Contains("2 at a time", Assert.Throws<ShapeMismatchException>(() => FixedBatch.Run(each, [Tensor.Zeros([samples, 3])])).Message);
            }
        });
    }

    /// <summary>
    /// A batch that was fixed on import stays fixed, even if the network would accept any number of samples.
    /// </summary>
    [Fact]
    public void Batch_that_was_fixed_on_purpose_stays_fixed_when_written_and_read()
    {
        new OnnxModelBuilder().Input("x", "N", 3).Node("Relu", "x", "y").Output("y").Save(Model);
        Network network = OnnxFile.Load(Model, new OnnxImportOptions { FreesBatch = false, Batch = 5 }).Network;
        Assert.Equal(new BatchState { Kind = BatchKind.Fixed, Size = 5 }, network.Batch);
        OnnxFile.Save(network, Model);
        Assert.Equal(network.Batch, OnnxFile.Load(Model).Network.Batch);
        Assert.DoesNotContain(OnnxFile.Load(Model).Network.Metadata, entry => entry.Key.Contains("batch", StringComparison.Ordinal));
    }

    /// <summary>view(x.size(0), -1) and view(x.size(0), 2, -1), exported from PyTorch for a declared batch.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Reshape_that_names_the_declared_batch_leaves_it_free(int batch)
    {
        new OnnxModelBuilder(13).Input("x", batch, 3, 4).Ints("s", batch, 2, -1).Ints("t", batch, -1)
            .Node("Reshape", "x,s", "r").Node("Neg", "r", "n").Node("Reshape", "n,t", "y").Output("y").Save(Model);
        Network network = OnnxFile.Load(Model).Network;
        Assert.Equal(BatchKind.Free, network.Batch.Kind);
        Tensor x = Tensor.From(Samples.Uniform(5 * 12, 5), [5, 3, 4]), y = network.Forward(x);
        Assert.Equal(Shape.Create(5, 12), y.Shape);
        Assert.Equal(x.ToArray<float>().Select(v => -v), y.ToArray<float>());
    }

    [Fact]
    public void Squeeze_without_axes_takes_a_declared_length_of_one_away()
    {
        new OnnxModelBuilder(13).Input("x", 1, 3, 1, 1).Node("Squeeze", "x", "y").Output("y").Save(Model);
        Network network = OnnxFile.Load(Model).Network;
        Assert.Equal(new BatchState { Kind = BatchKind.Fixed, Size = 1 }, network.Batch);
        Assert.Equal(Shape.Create(3), FixedBatch.Run(network, [Tensor.Zeros([1, 3, 1, 1])])[0].Shape);
        Assert.Contains("'y'", Assert.Throws<ShapeMismatchException>(() => FixedBatch.Run(network, [Tensor.Zeros([2, 3, 1, 1])])).Message);
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(2, 3, 4, 5)]
    [InlineData(2, 3, 5)]
    public void Input_of_another_shape_than_declared_is_refused(params int[] shape)
    {
        new OnnxModelBuilder().Input("x", "N", 3, 4).Node("Relu", "x", "y").Output("y").Save(Model);
        var error = Assert.Throws<ModelFormatException>(() => OnnxFile.LoadFor(Model, Given(Tensor.Zeros(Shape.Create(shape)))));
        Assert.Contains("'x'", error.Message);
        Assert.Contains("[N, 3, 4]", error.Message);
    }

    [Fact]
    public void Input_that_declares_its_length_is_no_batch_beside_one_that_leaves_it_open()
    {
        new OnnxModelBuilder().Input("x", "N", 3).Input("scale", 1, 3).Node("Mul", "x,scale", "y").Output("y").Save(Model);
        Network network = OnnxFile.Load(Model).Network;
        Assert.Equal([true, false], network.Inputs.Select(input => input.IsBatched));
        Assert.Equal([2f, 2, 2, 2, 2, 2], network.Forward([Tensor.Ones([2, 3]), Tensor.Full([1, 3], 2f)], Pass.Evaluation)[0].ToArray<float>());
    }

    [Fact]
    public void Inputs_that_declare_different_lengths_have_no_common_batch()
    {
        new OnnxModelBuilder().Input("x", 1, 2).Input("t", 3, 2).Node("Add", "x,t", "y").Output("y").Save(Model);
        Network network = OnnxFile.Load(Model).Network;
        Assert.Equal([Shape.Create(1, 2), Shape.Create(3, 2)], network.Inputs.Select(input => input.IsBatched ? Shape.Scalar : input.SampleShape));
        Assert.Equal(
            [11f, 22, 13, 24, 15, 26],
            network.Forward([Tensor.From<float>([10, 20], [1, 2]), Tensor.From<float>([1, 2, 3, 4, 5, 6], [3, 2])], Pass.Evaluation)[0].ToArray<float>());
    }

    [Fact]
    public void Open_height_and_width_come_from_the_input_or_a_size()
    {
        new OnnxModelBuilder().Input("x", "N", 3, "H", "W").Node("GlobalAveragePool", "x", "y").Output("y").Save(Model);
        Assert.Contains("--size", Assert.Throws<ModelFormatException>(() => OnnxFile.Load(Model)).Message);
        Assert.Equal(Shape.Create(3, 5, 7), OnnxFile.Load(Model, new OnnxImportOptions { Size = (5, 7) }).Network.Inputs[0].SampleShape);
        Network network = OnnxFile.LoadFor(Model, Given(Tensor.Zeros([2, 3, 4, 6]))).Network;
        Assert.Equal((Shape.Create(3, 4, 6), BatchKind.Free), (network.Inputs[0].SampleShape, network.Batch.Kind));
        new OnnxModelBuilder().Input("x", "N", "H", "W", 3).Node("Relu", "x", "y").Output("y").Save(Model);
        Assert.Equal(Shape.Create(5, 7, 3), OnnxFile.Load(Model, new OnnxImportOptions { Size = (5, 7) }).Network.Inputs[0].SampleShape);
    }

    private static Dictionary<string, Tensor> Given(Tensor x) => new(StringComparer.Ordinal) { ["x"] = x };

    private static float[][] Rows(Tensor x) => [.. x.ToArray<float>().Chunk(x.Shape[1])];

    private static void AssertClose(IReadOnlyList<float> expected, Tensor found)
    {
        float[] values = found.To(DType.Float32).ToArray<float>();
        Assert.Equal(expected.Count, values.Length);
        Assert.All(expected.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-5f * (1 + MathF.Abs(pair.First))));
    }
}
