using Temper.Cli.CommandLine;
using Temper.Formats;
using Temper.Tensors;

namespace Temper.Cli.Tests.CommandLine;

public sealed class FailureTextTests
{
    [Fact]
    public void Control_characters_of_a_peer_are_not_printed() =>
        Assert.Equal("peer:  [2J gone", Failure.Of(new IOException("peer: \u001b[2J\ngone")).Message);

    [Fact]
    public void Names_of_parameters_are_left_out()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => ArgumentOutOfRangeException.ThrowIfLessThan(0.5, 1, "count"));
        Assert.EndsWith("(Parameter 'count') Actual value was 0.5.", error.Message.ReplaceLineEndings(" "), StringComparison.Ordinal);
        string message = Failure.Of(error).Message;
        Assert.EndsWith("'1'.", message, StringComparison.Ordinal);
        Assert.Equal($"a.key: sizes ({message})", Failure.Of(new ModelFormatException("a.key", $"sizes ({error.Message})")).Message);
    }

    [Theory]
    [InlineData("RunFolder.Open: no such folder", "no such folder")]
    [InlineData("NetworkZoo: unknown network", "unknown network")]
    [InlineData("TrainingOptions: class weights need one rank", "class weights need one rank")]
    [InlineData("PyTorch: an old layout", "PyTorch: an old layout")]
    [InlineData("MatMul: no such type", "MatMul: no such type")]
    public void Names_of_types_are_left_out(string error, string message) => Assert.Equal(message, Failure.Of(new NotSupportedException(error)).Message);

    [Fact]
    public void Names_of_files_and_nodes_are_kept()
    {
        Assert.Equal("Model.Final: npz: damaged", Failure.Of(new ModelFormatException("Model.Final", "npz: damaged")).Message);
        Assert.StartsWith("Body.Conv: shape", Failure.Of(new ShapeMismatchException("Body.Conv", [1], "[N, C]")).Message, StringComparison.Ordinal);
    }
}
