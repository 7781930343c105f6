using Temper.Formats.Models;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Formats.Tests.Models;

/// <summary>Sparse storage of pruned networks.</summary>
public sealed class SparseStorageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-sparse-").FullName;

    public static TheoryData<string> Hostile => [.. HostileFiles().Keys];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0.9, 0.15)]
    [InlineData(0.98, 0.04)]
    public void Sparse_file_is_small(double sparsity, double most)
    {
        Network network = Pruned(NetworkZoo.Create("lenet-300-100"), sparsity, masked: true);
        ModelFile.Save(network.WithMask("fc1.weight", null).WithMask("fc2.weight", null).WithMask("fc3.weight", null), Path.Combine(_folder, "dense.safetensors"));
        ModelFile.Save(network, Path.Combine(_folder, "sparse.safetensors"), new SaveOptions { Sparse = true });
        double share = (double)new FileInfo(Path.Combine(_folder, "sparse.safetensors")).Length / new FileInfo(Path.Combine(_folder, "dense.safetensors")).Length;
        Assert.InRange(share, 0, most);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.5, true)]
    [InlineData(0.9, true)]
    [InlineData(0.999, false)]
    [InlineData(1, true)]
    public void Network_loads_to_the_same_bits_and_masks(double sparsity, bool masked)
    {
        foreach (string target in new[] { Path.Combine(_folder, "one.safetensors"), Path.Combine(_folder, "folder") })
        {
            Network network = Pruned(NetworkZoo.Create("lenet-5"), sparsity, masked);
            ModelFile.Save(network, target, new SaveOptions { Sparse = true });
            Network again = ModelFile.Load(target);
            Assert.Equal(network.ToJson(), again.ToJson());
            foreach ((Parameter expected, Parameter found) in network.Parameters.Zip(again.Parameters))
            {
                Assert.Equal(Elements.Write(expected.Value).ToArray(), Elements.Write(found.Value).ToArray());
                Assert.Equal(expected.Mask?.ToArray<float>(), found.Mask?.ToArray<float>());
            }
        }
    }

    /// <summary>
    /// Round trip for any density and shape, including empty and scalar tensors and zeros of both signs.
    /// </summary>
    [Fact]
    public void Sparse_tensor_is_the_dense_one_again()
    {
        RandomCursor random = RandomStream.FromSeed(3).Cursor();
        for (int i = 0; i < 500; i++)
        {
            Shape shape = random.NextInt32(3) switch { 0 => Shape.Scalar, 1 => [random.NextInt32(700)], _ => [random.NextInt32(9), random.NextInt32(300)] };
            float density = random.NextSingle() * random.NextSingle() * random.NextSingle();
            float[] values = [.. Enumerable.Range(0, shape.Count).Select(_ => random.NextSingle() < density ? random.NextSingle(-1, 1) : random.NextInt32(40) == 0 ? -0f : 0f)];
            Tensor dense = Tensor.From(values, shape);
            SparseTensor sparse = SparseTensor.Of(dense);
            Assert.Equal(Elements.Write(dense).ToArray(), Elements.Write(sparse.ToDense()).ToArray());
            Assert.Equal(sparse.Indices, SparseTensor.IndicesOfBitmap(sparse.Bitmap(), shape.Count));
            Assert.Equal(sparse.Indices, SparseTensor.IndicesOfGaps(sparse.Gaps(), shape.Count));
        }
    }

    [Fact]
    public void Stored_form_is_read_without_a_dense_tensor()
    {
        string path = Path.Combine(_folder, "sparse.safetensors");
        Network network = Pruned(NetworkZoo.Create("lenet-300-100"), 0.98, masked: false);
        ModelFile.Save(network, path, new SaveOptions { Sparse = true });
        SafetensorsFile file = SafetensorsFile.Load(path);
        long before = GC.GetAllocatedBytesForCurrentThread();
        SparseTensor sparse = SparseStorage.Read(file, "fc1.weight");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * 235_200 / 4);
        Assert.Equal(network.Parameters["fc1.weight"].Value.ToArray<float>(), sparse.ToDense().ToArray<float>());
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Sparse_file_that_does_not_hold_together_is_refused(string name) =>
        Assert.Throws<ModelFormatException>(() => SparseStorage.Decode(HostileFiles()[name], "x.safetensors"));

    /// <summary>Each tensor alone would be allowed, also after the others are dense.</summary>
    [Fact]
    public void Many_sparse_tensors_of_a_small_file_are_refused()
    {
        string[] names = [.. Enumerable.Range(0, 100).Select(i => $"x{i}")];
        var file = new SafetensorsFile(
            [.. names.SelectMany(name => new[] { KeyValuePair.Create($"{name}.sparse.values", Tensor.From([1f], [1])), KeyValuePair.Create($"{name}.sparse.gaps", Tensor.From<byte>([0], [1])) })],
            names.ToDictionary(name => $"temper.sparse.{name}", _ => "1000000", StringComparer.Ordinal));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ModelFormatException>(() => SparseStorage.Decode(file, "x.safetensors"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
    }

    internal static Network Pruned(Network network, double sparsity, bool masked)
    {
        network = network.Initialize(RandomStream.FromSeed(1));
        foreach (Parameter parameter in network.Parameters.Where(parameter => parameter.Value.Rank > 1).ToArray())
        {
            float[] mask = new float[parameter.Value.Count];
            RandomStream.FromSeed(2).Permutation(mask.Length).AsSpan(0, (int)Math.Round(mask.Length * (1 - sparsity))).ToArray().ToList().ForEach(place => mask[place] = 1);
            network = network.WithMask(parameter.Name, Tensor.From(mask, parameter.Value.Shape));
            network = masked ? network : network.WithMask(parameter.Name, null);
        }

        return network;
    }

    private static Dictionary<string, SafetensorsFile> HostileFiles() => new(StringComparer.Ordinal)
    {
        ["fewer values than places"] = File("4", [1f], ("x.sparse.bitmap", [3])),
        ["bitmap too short"] = File("20", [1f], ("x.sparse.bitmap", [1])),
        ["bit behind the last element"] = File("3", [1f], ("x.sparse.bitmap", [8])),
        ["gap beyond the last element"] = File("4", [1f], ("x.sparse.gaps", [4])),
        ["open gap"] = File("4", [1f], ("x.sparse.gaps", [0, 255])),
        ["no places"] = File("4", [1f]),
        ["no shape"] = File("four", [1f], ("x.sparse.bitmap", [1])),
        ["shape of 2^62"] = File("2147483647,2147483647", [1f], ("x.sparse.gaps", [0])),
        ["two gigabytes of a few bytes"] = File("536870911", [1f], ("x.sparse.gaps", [0])),
    };

    private static SafetensorsFile File(string shape, float[] values, params (string Name, byte[] Bytes)[] others) => new(
        [new("x.sparse.values", Tensor.From(values, [values.Length])), .. others.Select(other => KeyValuePair.Create(other.Name, Tensor.From(other.Bytes, [other.Bytes.Length])))],
        new Dictionary<string, string>(StringComparer.Ordinal) { ["temper.sparse.x"] = shape });
}
