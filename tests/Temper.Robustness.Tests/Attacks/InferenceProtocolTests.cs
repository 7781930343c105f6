using System.Text.Json;
using Temper.Robustness.Attacks;
using Temper.Tensors;

namespace Temper.Robustness.Tests.Attacks;

/// <summary>Answers of a server that are JSON, but of the wrong kind.</summary>
public sealed class InferenceProtocolTests
{
    [Theory]
    [InlineData("3")]
    [InlineData("[]")]
    [InlineData("""{"name": 1, "datatype": "FP32", "shape": [-1, 3]}""")]
    [InlineData("""{"name": "x", "datatype": {}, "shape": [-1, 3]}""")]
    [InlineData("""{"name": "x", "datatype": "FP32", "shape": "3"}""")]
    public void Descriptions_of_another_kind_are_refused(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement tensor = document.RootElement;
        Assert.Contains("Open Inference Protocol", Assert.Throws<IOException>(() => InferenceProtocol.Described(tensor, "input")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""["-1", "3"]""")]
    [InlineData("""[-1, [3]]""")]
    [InlineData("""[-1, 3.5]""")]
    public void Lengths_that_are_not_whole_numbers_are_refused(string shape)
    {
        using JsonDocument document = JsonDocument.Parse($$"""{"name": "x", "datatype": "FP32", "shape": {{shape}}}""");
        JsonElement tensor = document.RootElement;
        Assert.Contains("expected FP32 [-1, ...]", Assert.Throws<ArgumentException>(() => InferenceProtocol.Described(tensor, "input")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_description_is_read_and_an_output_that_is_no_object_is_refused()
    {
        using JsonDocument document = JsonDocument.Parse("""[{"name": "x", "datatype": "FP32", "shape": [-1, 3, 4]}, 5]""");
        Assert.Equal(("x", Shape.Create([3, 4])), InferenceProtocol.Described(document.RootElement[0], "input"));
        JsonElement output = document.RootElement[1];
        Assert.Contains("without 'data'", Assert.Throws<IOException>(() => InferenceProtocol.ReadNumbers(output, new float[1])).Message, StringComparison.Ordinal);
    }
}
