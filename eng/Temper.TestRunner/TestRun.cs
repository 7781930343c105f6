using System.Diagnostics;

namespace Temper.TestRunner;

/// <summary>All tests of the solution, then the kernel tests once more for each narrower vector width.</summary>
internal static class TestRun
{
    private const string Solution = "Temper.slnx";
    private static readonly string[] KernelTests = ["tests/Temper.Tests", "tests/Temper.Inference.Tests"];

    /// <summary>What switches wide vectors off, and the width that the tests then have to find.</summary>
    private static readonly (string Switch, string Width)[] Narrower =
    [
        ("DOTNET_EnableAVX512", "Vector256"), ("DOTNET_EnableAVX2", "Vector128"), ("DOTNET_EnableHWIntrinsic", "Scalar"),
    ];

    internal static int All(int? fuzzInputs)
    {
        string root = Root();
        string results = Path.Combine(root, "artifacts", "tests");
        if (Directory.Exists(results))
        {
            Directory.Delete(results, recursive: true);
        }

        Dictionary<string, string> environment = new(StringComparer.Ordinal);
        if (fuzzInputs is int inputs)
        {
            environment["TEMPER_FUZZ"] = $"{inputs}";
        }

        if (Dotnet(root, ["build", Solution, "-c", "Release", "-v", "quiet", "--nologo"], environment) != 0)
        {
            Console.WriteLine("0 passed, 1 failed, 0 skipped");
            return 1;
        }

        int failures = Test(root, Solution, Path.Combine(results, "all"), [], environment);
        foreach ((string name, string width) in Narrower)
        {
            Console.WriteLine($"Kernels with {name}=0:");
            var narrow = new Dictionary<string, string>(environment, StringComparer.Ordinal) { [name] = "0", ["TEMPER_EXPECT_SIMD"] = width };
            failures += KernelTests.Sum(project => Test(root, project, Path.Combine(results, width), ["--filter", "Category=Kernels"], narrow));
        }

        TestCounts counts = TestCounts.Read(results);
        foreach ((string test, string reason) in counts.Skipped)
        {
            Console.WriteLine($"skipped {test}: {reason}");
        }

        // A run that ended without counting its failure (a crash, say) still fails.
        int failed = counts.Failed == 0 && failures > 0 ? failures : counts.Failed;
        Console.WriteLine($"{counts.Passed} passed, {failed} failed, {counts.Skipped.Count} skipped");
        return failed == 0 && counts.Passed > 0 ? 0 : 1;
    }

    internal static int Refuse(string[] args)
    {
        Console.Error.WriteLine($"test: unknown arguments (got '{string.Join(' ', args)}', expected nothing or --fuzz)");
        return 2;
    }

    private static int Test(string root, string target, string results, string[] more, Dictionary<string, string> environment)
    {
        string[] arguments =
        [
            "test", target, "-c", "Release", "--no-build", "--nologo", "-v", "quiet", "--logger", "trx", "--results-directory", results, .. more,
        ];
        return Dotnet(root, arguments, environment) == 0 ? 0 : 1;
    }

    private static int Dotnet(string root, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = root };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode;
    }

    private static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Solution)))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"test: {Solution} is in no folder above {AppContext.BaseDirectory}");
    }
}
