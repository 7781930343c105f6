namespace Temper.TestRunner;

/// <summary>Builds, runs the tests of each project, then those of kernels once more for each narrower vector width, and sums up.</summary>
internal sealed class TestRun(TestOptions options)
{
    private const string Solution = "Temper.slnx";

    /// <summary>As <c>Temper.Testing.VectorWidths.EveryWidth</c> and <c>Variable</c> say.</summary>
    private const string EveryWidth = "Category=EveryWidth", ExpectedWidth = "TEMPER_EXPECT_SIMD";

    /// <summary>What switches wide vectors off, and the width that the tests then have to find.</summary>
    private static readonly (string Switch, string Width)[] Narrower =
    [
        ("DOTNET_EnableAVX512", "Vector256"), ("DOTNET_EnableAVX2", "Vector128"), ("DOTNET_EnableHWIntrinsic", "Scalar"),
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
        IEnumerable<string> targets = options.Projects.Count == 0 ? [Solution] : projects.Select(project => project.Folder);
        return targets.All(target => Processes.Run(_root, "dotnet", ["build", target, "-c", "Release", "-v", "quiet", "--nologo"]) == 0);
    }

    /// <summary>Removes what the last run left; fixtures only for a whole run, which then shows that each can be made.</summary>
    private void Clear()
    {
        string[] folders = options.Projects.Count == 0 && options.Filter is null ? [Results, Path.Combine(_root, "artifacts", "fixtures")] : [Results];
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
                yield return new TestJob($"kernels, {width}", kernels, filter, new Dictionary<string, string>(options.Environment, StringComparer.Ordinal)
                {
                    [name] = "0", [ExpectedWidth] = width,
                });
            }
        }
    }

    /// <summary>
    /// Two jobs at a time where there are two cores or more, and as many tests at a time as there are cores in all: one job alone
    /// waits for its longest test, and more than the cores make each other slow.
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
                $"{result.Job.Name,-30} {result.Counts.Passed,5} passed {result.Counts.Failed,3} failed {result.Counts.Skipped.Count,3} skipped {result.Counts.Time.TotalSeconds,6:F1} s");
        }
    }

    private int Conclude(JobResult[] results)
    {
        foreach (JobResult result in results.Where(result => options.IsUsual && result.Job.Projects is [{ Budget: var budget }] && result.Counts.Time.TotalSeconds > budget))
        {
            Console.WriteLine(
                $"over budget: {result.Job.Name} took {result.Counts.Time.TotalSeconds:F0} s of {result.Job.Projects[0].Budget} s; share fixtures, test smaller sizes, or make tests long");
        }

        TestCounts counts = results.Aggregate(TestCounts.None, (sum, result) => sum.Plus(result.Counts));
        foreach ((string test, string reason) in counts.Skipped)
        {
            Console.WriteLine($"skipped {test}: {reason}");
        }

        if (counts.LeftOut > 0)
        {
            Console.WriteLine($"{counts.LeftOut} long tests were left out; --long runs them");
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

        throw new DirectoryNotFoundException($"test: {Solution} is in no folder above {AppContext.BaseDirectory}");
    }
}
