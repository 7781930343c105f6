namespace Temper.TestRunner;

/// <summary>A test process that runs the assemblies of one or more projects.</summary>
/// <param name="Name">Printed name; also the name of the result folder.</param>
/// <param name="Projects">Projects whose tests to run.</param>
/// <param name="Filter">Filter expression for the tests; null: all.</param>
/// <param name="Environment">Environment variables set in addition to the inherited ones.</param>
internal sealed record TestJob(
    string Name, IReadOnlyList<TestProject> Projects, string? Filter, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>
    /// Runs the tests and waits for them. Captures their output, which is shown only on failure, so that the output of
    /// concurrent processes does not mix.
    /// </summary>
    /// <param name="root">Root folder of the repository.</param>
    /// <param name="results">Folder for the results of all jobs.</param>
    /// <param name="threads">Maximum number of tests to run in parallel.</param>
    internal JobResult Run(string root, string results, int threads)
    {
        string folder = Path.Combine(results, Name);
        string[] filter = Filter is null ? [] : ["--filter", Filter];
        string[] arguments =
        [
            "test", .. Projects.Select(project => project.Assembly), "--nologo",
            "--logger", "trx", "--logger", "console;verbosity=quiet", "--results-directory", folder, .. filter,
            "--", $"xUnit.MaxParallelThreads={threads}",
        ];
        (int exitCode, string output) = Processes.Capture(root, "dotnet", arguments, Environment);
        TestCounts counts = TestCounts.Read(folder);

        // A crash records no failed test, but must count as a failure. A filter that matches no test does not fail: the
        // exit code is 0 then.
        bool isSilent = exitCode != 0 && counts.Failed == 0;
        return new JobResult(this, isSilent ? counts with { Failed = 1 } : counts, output);
    }
}

/// <summary>Result of a job.</summary>
internal sealed record JobResult(TestJob Job, TestCounts Counts, string Output);
