using Temper.Cli.CommandLine;
using Temper.Networks;

namespace Temper.Cli.Models;

/// <summary>Opens a network by what the user named: a file, a folder, a run, or a network of the zoo.</summary>
internal static class ModelSource
{
    internal static Setting<string?> Setting { get; } = new(
        "model", "A model folder or .safetensors file, a run folder, or the name of a network such as lenet-5-caffe", null, text => text)
    {
        IsPositional = true,
        Words = () => NetworkZoo.Names,
    };

    internal static Network Open(string source) => NetworkZoo.Create(source);
}
