using System.Text;
using Temper.Networks;
using Temper.Randomness;
using Temper.Serving.Protocol;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Serving.Tests;

public sealed class InferRequestTests
{
    private static readonly Network Pair = Network.Build(new InputSpec { Name = "x", SampleShape = Shape.Create([3]) }, x => x.Linear(2)).Initialize(RandomStream.FromSeed(1));

    private static readonly byte[] Good = Encoding.UTF8.GetBytes(
        """{"id":"a","parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[[1,2.5,3],[-4,5e-1,6]]}],"outputs":[{"name":"OUT","parameters":{"binary_data":false}}]}"""
            .Replace("OUT", Pair.Outputs[0].Name, StringComparison.Ordinal));

    [Fact]
    public void Fields_are_read()
    {
        InferRequest request = InferRequest.Read(Pair, Good, []);
        Assert.Equal("a", request.Id);
        Assert.Equal([1, 2.5f, 3, -4, 0.5f, 6], request.Inputs[0].ToArray<float>());
        Assert.Equal([(0, false)], request.Outputs);
    }

    [Fact]
    public void Every_beginning_is_refused() => HostileBytes.RefusesEveryBeginning<RequestException>(Good, bytes => InferRequest.Read(Pair, bytes, []));

    [Fact]
    public void Damaged_requests_are_refused_or_read() => HostileBytes.Survives<RequestException>(Good, bytes => InferRequest.Read(Pair, bytes, []));

    [Fact]
    public void Output_asked_for_twice_is_refused()
    {
        Network two = Network.Build(
            [new InputSpec { Name = "x", SampleShape = Shape.Create([3]) }], x => [("y", x[0].Linear(2, name: "a")), ("z", x[0].Linear(2, name: "b"))]).Initialize(RandomStream.FromSeed(1));
        Assert.Equal([(1, false), (0, false)], InferRequest.Read(two, Asking("z", "y"), []).Outputs);
        var refused = Assert.Throws<RequestException>(() => InferRequest.Read(two, Asking("y", "y"), []));
        Assert.Equal(400, refused.Status);
        Assert.Contains("'y' is given twice", refused.Message, StringComparison.Ordinal);
        refused = Assert.Throws<RequestException>(() => InferRequest.Read(two, Asking("y", "z", "y"), []));
        Assert.Contains("outputs: wrong number", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A list is refused where it becomes too long: the rest takes neither memory nor time.</summary>
    [Theory]
    [InlineData("""{"inputs":[LIST]}""", "{}", "inputs: wrong number")]
    [InlineData("""{"outputs":[LIST]}""", "{}", "outputs: wrong number")]
    [InlineData("""{"inputs":[{"name":"x","shape":[LIST]}]}""", "1", "shape: too many lengths")]
    public void Long_lists_are_refused_without_being_stored(string json, string item, string reason)
    {
        byte[] request = Encoding.UTF8.GetBytes(json.Replace("LIST", string.Join(',', Enumerable.Repeat(item, 200_000)), StringComparison.Ordinal));
        long before = GC.GetAllocatedBytesForCurrentThread();
        var refused = Assert.Throws<RequestException>(() => InferRequest.Read(Pair, request, []));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
        Assert.Equal(400, refused.Status);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_dtype_is_the_same_in_json_and_in_bytes()
    {
        Tensor[] values = [Tensor.From([1.5f, -2], [2]), Tensor.From([1L, long.MinValue], [2]), Tensor.From([7, int.MinValue], [2]), Tensor.From(new byte[] { 0, 255 }, [2]), Tensor.From([true, false], [2])];
        Assert.All(values, value =>
        {
            Tensor bytes = TensorBytes.FromBytes(TensorBytes.Of(value), value.DType, value.Shape);
            var buffer = new System.Buffers.ArrayBufferWriter<byte>();
            using (var writer = new System.Text.Json.Utf8JsonWriter(buffer))
            {
                TensorBytes.Write(writer, value);
            }

            var reader = new System.Text.Json.Utf8JsonReader(buffer.WrittenSpan);
            Tensor json = TensorBytes.Read(ref reader, value.DType, value.Shape);
            Assert.True(TensorBytes.Of(value).SequenceEqual(TensorBytes.Of(bytes)));
            Assert.True(TensorBytes.Of(value).SequenceEqual(TensorBytes.Of(json)));
        });
    }

    /// <summary>A request with one sample that asks for the named outputs.</summary>
    private static byte[] Asking(params string[] outputs)
    {
        string list = string.Join(',', outputs.Select(name => $$"""{"name":"{{name}}"}"""));
        return Encoding.UTF8.GetBytes($$"""{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}],"outputs":[{{list}}]}""");
    }
}
