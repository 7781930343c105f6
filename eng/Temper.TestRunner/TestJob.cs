namespace Temper.TestRunner;

/// <summary>One test process over the assemblies of some projects.</summary>
/// <param name="Name">What is printed, and the folder of its results.</param>
/// <param name="Projects">Whose tests it runs.</param>
/// <param name="Filter">Which of them; null: all.</param>
/// <param name="Environment">Variables it is given besides ours.</param>
internal sealed record TestJob(string Name, IReadOnlyList<TestProject> Projects, string? Filter, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Runs it and waits. Its output is kept, and shown only if something failed, so that processes do not talk at the same time.</summary>
    /// <param name="root">The repository.</param>
    /// <param name="results">Where results of all jobs go.</param>
    /// <param name="threads">Tests to run at a time.</param>
    internal JobResult Run(string root, string results, int threads)
    {
        string folder = Path.Combine(results, Name);
        string[] filter = Filter is null ? [] : ["--filter", Filter];
        string[] arguments =
        [
            "test", .. Projects.Select(project => project.Assembly), "--nologo", "--logger", "trx", "--logger", "console;verbosity=quiet",
            "--results-directory", folder, .. filter, "--", $"xUnit.MaxParallelThreads={threads}",
        ];
        (int exitCode, string output) = Processes.Capture(root, "dotnet", arguments, Environment);
        TestCounts counts = TestCounts.Read(folder);

        // A process that ends without counting its failure (a crash, say) still fails; one without a test that matches a filter does not.
        bool isSilent = exitCode != 0 && counts.Failed == 0;
        return new JobResult(this, isSilent ? counts with { Failed = 1 } : counts, output);
    }
}

/// <summary>What a job gave.</summary>
internal sealed record JobResult(TestJob Job, TestCounts Counts, string Output);
