using Temper.Cli.CommandLine;

namespace Temper.Cli.Tests.CommandLine;

public sealed class FailureTextTests
{
    [Fact]
    public void Control_characters_of_a_peer_are_not_printed() =>
        Assert.Equal("peer:  [2J gone", Failure.Of(new IOException("peer: \u001b[2J\ngone")).Message);
}
