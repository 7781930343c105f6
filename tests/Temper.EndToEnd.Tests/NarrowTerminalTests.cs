namespace Temper.EndToEnd.Tests;

/// <summary>Tables in 80 columns: no line is longer, and every row still shows its key.</summary>
public sealed class NarrowTerminalTests
{
    [Theory]
    [InlineData("fashion-mnist,mnist,synth:shapes,synth:blobs", "data", "list")]
    [InlineData("processor,threads,onnxruntime", "doctor")]
    [InlineData("conv1,layer2.0.shortcut.crop,layer3.2.bn2,linear", "inspect", "resnet-20")]
    public void Table_fits_and_keeps_its_keys(string keys, params string[] arguments)
    {
        ToolResult result = Tool.RunWith(new() { ["COLUMNS"] = "80" }, arguments);
        Assert.Equal(0, result.ExitCode);
        string[] lines = result.Output.ReplaceLineEndings("\n").Split('\n');
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        Assert.All(keys.Split(','), key => Assert.Contains(lines, line => line.StartsWith($"│ {key} ", StringComparison.Ordinal)));
    }
}
