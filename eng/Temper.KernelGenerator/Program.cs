using Temper.KernelGenerator;

// Writes the register tiles in src/Temper/Kernels/Generated.
if (args.Length != 1)
{
    Console.Error.WriteLine("usage: dotnet run --project eng/Temper.KernelGenerator -- src/Temper/Kernels/Generated");
    return 2;
}

Directory.CreateDirectory(args[0]);
foreach ((string name, string text) in Tiles.All())
{
    File.WriteAllText(Path.Combine(args[0], name), text);
}

return 0;
