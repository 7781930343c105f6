namespace Temper.TestRunner;

/// <summary>
/// Builds the projects, runs the tests of each, repeats the kernel tests for each narrower vector width, and prints a
/// summary.
/// </summary>
internal sealed class TestRun(TestOptions options)
{
    private const string Solution = "Temper.slnx";

    /// <summary>
    /// Filter for the trait <c>EveryWidth</c>, and the value of <c>Variable</c>, of <c>Temper.Testing.VectorWidths</c>.
    /// </summary>
    private const string EveryWidth = "Category=EveryWidth", ExpectedWidth = "TEMPER_EXPECT_SIMD";

    /// <summary>
    /// Environment variables that disable wide vectors if set to 0, each with the width that the tests then expect.
    /// </summary>
    private static readonly (string Switch, string Width)[] Narrower =
    [
        ("DOTNET_EnableAVX512", "Vector256"), ("DOTNET_EnableAVX2", "Vector128"),
        ("DOTNET_EnableHWIntrinsic", "Scalar"),
    ];

    private readonly string _root = Root();
    private readonly Lock _printing = new();

    private string Results => Path.Combine(_root, "artifacts", "tests");

    internal int Run()
    {
        IReadOnlyList<TestProject> projects;
        try
        {
            projects = TestProject.Select(TestProject.All(_root), options.Projects);
        }
        catch (ArgumentException error)
        {
            Console.Error.WriteLine($"test: {error.Message}");
            return 2;
        }

        if (!Build(projects))
        {
            Console.WriteLine("0 passed, 1 failed, 0 skipped");
            return 1;
        }

        Clear();
        JobResult[] results = RunAll([.. Jobs(projects)]);
        return Conclude(results);
    }

    private bool Build(IReadOnlyList<TestProject> projects)
    {
        IEnumerable<string> targets =
            options.Projects.Count == 0 ? [Solution] : projects.Select(project => project.Folder);
        return targets.All(target =>
            Processes.Run(_root, "dotnet", ["build", target, "-c", "Release", "-v", "quiet", "--nologo"]) == 0);
    }

    /// <summary>
    /// Deletes the results of the previous run. A complete run also deletes the fixtures, to verify that each can be
    /// created again.
    /// </summary>
    private void Clear()
    {
        string[] folders = options.Projects.Count == 0 && options.Filter is null
            ? [Results, Path.Combine(_root, "artifacts", "fixtures")]
            : [Results];
        foreach (string folder in folders.Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private IEnumerable<TestJob> Jobs(IReadOnlyList<TestProject> projects)
    {
        foreach (TestProject project in projects)
        {
            yield return new TestJob(project.Name, [project], options.Filter, options.Environment);
        }

        TestProject[] kernels = [.. projects.Where(project => project.HasKernels)];
        if (kernels.Length > 0)
        {
            string filter = options.Filter is null ? EveryWidth : $"({EveryWidth})&({options.Filter})";
            foreach ((string name, string width) in Narrower)
            {
                var environment = new Dictionary<string, string>(options.Environment, StringComparer.Ordinal)
                {
                    [name] = "0", [ExpectedWidth] = width,
                };
                yield return new TestJob($"kernels, {width}", kernels, filter, environment);
            }
        }
    }

    /// <summary>
    /// Runs two jobs at a time on two or more cores, and at most as many tests in total as there are cores. With a
    /// single job, cores would idle during its longest test; more tests than cores would slow each other down.
    /// </summary>
    private JobResult[] RunAll(TestJob[] jobs)
    {
        int atOnce = Math.Clamp(jobs.Length, 1, Math.Min(2, Environment.ProcessorCount));
        int threads = Math.Max(1, Environment.ProcessorCount / atOnce);
        var results = new JobResult[jobs.Length];
        int next = -1;
        Thread[] workers = [.. Enumerable.Range(0, atOnce).Select(_ => new Thread(() =>
        {
            for (int i = Interlocked.Increment(ref next); i < jobs.Length; i = Interlocked.Increment(ref next))
            {
                results[i] = jobs[i].Run(_root, Results, threads);
                Print(results[i]);
            }
        }))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        return results;
    }

    private void Print(JobResult result)
    {
        lock (_printing)
        {
            if (result.Counts.Failed > 0)
            {
                Console.WriteLine(result.Output.TrimEnd());
            }

            Console.WriteLine(
                $"{result.Job.Name,-30} {result.Counts.Passed,5} passed {result.Counts.Failed,3} failed "
                + $"{result.Counts.Skipped.Count,3} skipped {result.Counts.Time.TotalSeconds,6:F1} s");
        }
    }

    private int Conclude(JobResult[] results)
    {
        foreach (JobResult result in results.Where(result => options.IsUsual
            && result.Job.Projects is [{ Budget: var budget }] && result.Counts.Time.TotalSeconds > budget))
        {
            Console.WriteLine(
                $"over budget: {result.Job.Name} took {result.Counts.Time.TotalSeconds:F0} s, "
                + $"budget {result.Job.Projects[0].Budget} s; "
                + "share fixtures, test smaller sizes, or mark tests as long");
        }

        TestCounts counts = results.Aggregate(TestCounts.None, (sum, result) => sum.Plus(result.Counts));
        foreach ((string test, string reason) in counts.Skipped)
        {
            Console.WriteLine($"skipped {test}: {reason}");
        }

        if (counts.LeftOut > 0)
        {
            Console.WriteLine($"{counts.LeftOut} long tests not run; use --long to run them");
        }

        Console.WriteLine($"{counts.Passed} passed, {counts.Failed} failed, {counts.Skipped.Count} skipped");
        return counts.Failed == 0 && counts.Passed > 0 ? 0 : 1;
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

        throw new DirectoryNotFoundException(
            $"test: {Solution} not found in any folder above {AppContext.BaseDirectory}");
    }
}
