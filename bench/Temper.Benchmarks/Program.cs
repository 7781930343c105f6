using BenchmarkDotNet.Running;
using Temper.Benchmarks;

// Kernels alone, with BenchmarkDotNet's statistics. Usage: dotnet run -c Release --project bench/Temper.Benchmarks --
// --filter '*Matrix*' --job short
// The machine's other work is not shut out: compare rows of one run, and use bench/peers for ratios to other libraries.
BenchmarkSwitcher.FromAssembly(typeof(Numbers).Assembly).Run(args);
return 0;
