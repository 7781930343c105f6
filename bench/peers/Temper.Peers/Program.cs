using Temper.Kernels;
using Temper.Peers.Tables;

// Compares Temper with other libraries on the same work, interleaved in one run.
// Usage: dotnet run -c Release --project bench/peers/Temper.Peers -- TABLE [arguments of the table]
Dictionary<string, Func<string[], int>> tables = new(StringComparer.Ordinal)
{
    ["activations"] = ActivationsTable.Run,
    ["active"] = ActiveInputsTable.Run,
    ["agents"] = AgentsTable.Run,
    ["attack-loop"] = AttackLoopTable.Run,
    ["batch-invariant"] = BatchInvariantTable.Run,
    ["cases"] = CasesTable.Run,
    ["channels"] = ActiveChannelsTable.Run,
    ["compile"] = CompileTable.Run,
    ["compressed"] = CompressedTable.Run,
    ["conv"] = ConvolutionTable.Run,
    ["cw"] = CarliniWagnerTable.Run,
    ["explain"] = ExplainTable.Run,
    ["files"] = FilesTable.Run,
    ["folding"] = FoldingTable.Run,
    ["gemm"] = GemmTable.Run,
    ["inference"] = InferenceTable.Run,
    ["input-gradient"] = InputGradientTable.Run,
    ["int8"] = Int8Table.Run,
    ["int8-accuracy"] = Int8AccuracyTable.Run,
    ["load"] = LoadTable.Run,
    ["memory"] = MemoryTable.Run,
    ["operators"] = OperatorsTable.Run,
    ["plans"] = PlansTable.Run,
    ["morph"] = MorphTable.Run,
    ["start"] = _ => StartTable.Run(),
    ["never-slower"] = NeverSlowerTable.Run,
    ["normalized"] = NormalizedTable.Run,
    ["onnx"] = OnnxTable.Run,
    ["plan"] = PlanTable.Run,
    ["probe"] = ProbeTable.Run,
    ["sparse"] = SparseInferenceTable.Run,
    ["step"] = TrainingTable.Run,
    ["topk"] = TopKTable.Run,
    ["winners"] = WinnersTable.Run,
};

if (args.Length == 0 || !tables.TryGetValue(args[0], out Func<string[], int>? table))
{
    Console.Error.WriteLine(
        $"usage: dotnet run -c Release --project bench/peers/Temper.Peers -- {string.Join('|', tables.Keys)} "
        + "[arguments]");
    return 2;
}

Console.WriteLine($"{Environment.ProcessorCount} processors, {Simd.Active}, .NET {Environment.Version}");
return table(args[1..]);
