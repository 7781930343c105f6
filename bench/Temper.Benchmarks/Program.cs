using BenchmarkDotNet.Running;
using Temper.Benchmarks;

// Single kernels, with BenchmarkDotNet's statistics.
// Usage: dotnet run -c Release --project bench/Temper.Benchmarks -- --filter '*Matrix*' --job short
// Other processes on the machine disturb the times: compare only rows of one run, and use bench/peers for ratios to
// other libraries.
BenchmarkSwitcher.FromAssembly(typeof(Numbers).Assembly).Run(args);
return 0;
